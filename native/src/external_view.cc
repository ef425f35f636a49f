// External ArrayBuffers with shared ownership of what lies behind them.
#include "external_view.h"

#include "errors.h"
#include "unaccounted_buffer.h"

namespace flow_ipc {
namespace {

// Views of sizes between these count as memory of the engine, so that many which nobody releases start the garbage
// collection that finds them. A larger one alone could start it, each time. Smaller ones weigh no more than the
// JavaScript objects about them, and are made several times faster when nothing is counted.
constexpr size_t kSmall = 16 * 1024;
constexpr size_t kLarge = 1024 * 1024;

}  // namespace

napi_value makeView(napi_env env, const std::shared_ptr<void>& owner, void* data, size_t length) {
  napi_value view;
  if (length == 0) {
    // There is nothing to share, and engines treat an external pointer without bytes specially.
    void* unused;
    napi_create_arraybuffer(env, 0, &unused, &view);
    return view;
  }
  if (length <= kSmall || length > kLarge) {
    view = makeUnaccountedBuffer(env, data, length, owner);
    if (view != nullptr) return view;
  }
  auto* share = new std::shared_ptr<void>(owner);
  const auto drop = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<void>*>(hint); };
  const napi_status status = napi_create_external_arraybuffer(env, data, length, drop, share, &view);
  if (status == napi_ok) return view;
  delete share;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  return pending ? nullptr : throwRange(env, "the engine cannot make an ArrayBuffer of this size over shared memory");
}

}  // namespace flow_ipc
