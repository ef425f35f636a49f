// sem_open, sem_trywait, sem_post.
#include "named_semaphore.h"

#include <climits>
#include <fcntl.h>
#include <sys/stat.h>

#include "args.h"
#include "wrapped.h"

namespace flow_ipc {
namespace {

// Opens, or creates with exactly `mode`. Null with errno set on failure.
sem_t* openOrCreate(const std::string& name, int mode, unsigned initial) {
  const std::string path = '/' + name;
  for (;;) {
    sem_t* semaphore = sem_open(path.c_str(), 0);
    if (semaphore != SEM_FAILED) return semaphore;
    if (errno != ENOENT) return nullptr;
    semaphore = sem_open(path.c_str(), O_CREAT | O_EXCL, static_cast<mode_t>(mode), initial);
    if (semaphore != SEM_FAILED) {
      // The creation mode went through the umask, which is the whole process's and so not ours to change.
      // glibc keeps named semaphores in this file.
      chmod(("/dev/shm/sem." + name).c_str(), static_cast<mode_t>(mode));
      return semaphore;
    }
    if (errno != EEXIST) return nullptr;  // else somebody was quicker: open that one
  }
}

}  // namespace

Napi::Function NamedSemaphore::define(Napi::Env env, AddonState* state) {
  return DefineClass(
      env, "NamedSemaphore",
      {InstanceMethod<&NamedSemaphore::tryWait>("tryWait"), InstanceMethod<&NamedSemaphore::post>("post"),
       InstanceMethod<&NamedSemaphore::value>("value"), InstanceMethod<&NamedSemaphore::close>("close")},
      state);
}

NamedSemaphore::NamedSemaphore(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!isWrapped(*this)) return;
  auto* state = static_cast<AddonState*>(info.Data());
  if (state->pendingSemaphore == nullptr) {
    throwType(info.Env(), "a NamedSemaphore is made by semOpen()");
    return;
  }
  semaphore_ = static_cast<sem_t*>(state->pendingSemaphore);
  state->pendingSemaphore = nullptr;
}

NamedSemaphore::~NamedSemaphore() {
  if (semaphore_ != nullptr) sem_close(semaphore_);
}

bool NamedSemaphore::checkOpen(Napi::Env env) {
  if (semaphore_ == nullptr) throwType(env, "the semaphore is closed");
  return semaphore_ != nullptr;
}

Napi::Value NamedSemaphore::tryWait(const Napi::CallbackInfo& info) {
  if (!checkOpen(info.Env())) return Napi::Value();
  int rc;
  do rc = sem_trywait(semaphore_);
  while (rc != 0 && errno == EINTR);
  if (rc != 0 && errno != EAGAIN) {
    throwErrno(info.Env(), errno, "sem_trywait");
    return Napi::Value();
  }
  return Napi::Boolean::New(info.Env(), rc == 0);
}

Napi::Value NamedSemaphore::post(const Napi::CallbackInfo& info) {
  if (checkOpen(info.Env()) && sem_post(semaphore_) != 0) throwErrno(info.Env(), errno, "sem_post");
  return Napi::Value();
}

Napi::Value NamedSemaphore::value(const Napi::CallbackInfo& info) {
  int value;
  if (!checkOpen(info.Env())) return Napi::Value();
  sem_getvalue(semaphore_, &value);
  return Napi::Value(info.Env(), number(info.Env(), value));
}

Napi::Value NamedSemaphore::close(const Napi::CallbackInfo&) {
  if (semaphore_ != nullptr) sem_close(semaphore_);
  semaphore_ = nullptr;
  return Napi::Value();
}

napi_value semOpen(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  void* data;
  std::string name;
  int64_t mode;
  int64_t initial;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  auto* state = static_cast<AddonState*>(data);
  if (!getString(env, argv[0], &name, "name must be a string") ||
      !getInt(env, argv[1], &mode, "mode must be a number") ||
      !getInt(env, argv[2], &initial, "initial must be a number")) {
    return nullptr;
  }
  if (mode < 0 || mode > 0777 || initial < 0 || initial > INT_MAX) {
    return throwRange(env, "mode must be from 0 to 0o777 and initial from 0 to 2^31 - 1");
  }
  sem_t* semaphore = openOrCreate(name, static_cast<int>(mode), static_cast<unsigned>(initial));
  if (semaphore == nullptr) return throwErrno(env, errno, "sem_open", name.c_str());
  state->pendingSemaphore = semaphore;
  const Napi::Object object = state->semaphoreClass.New({});
  if (state->pendingSemaphore != nullptr) {  // the constructor did not run
    sem_close(semaphore);
    state->pendingSemaphore = nullptr;
  }
  return object;
}

}  // namespace flow_ipc
