// Argument checks that are too long to inline.
#include "args.h"

#include <climits>

namespace flow_ipc {

bool getFd(napi_env env, napi_value value, int* out) {
  int64_t wide;
  if (!getInt(env, value, &wide, "a file descriptor must be a number")) return false;
  if (wide < 0 || wide > INT_MAX) {
    throwRange(env, "a file descriptor must be a non-negative 32-bit number");
    return false;
  }
  *out = static_cast<int>(wide);
  return true;
}

bool getDouble(napi_env env, napi_value value, double* out, const char* what) {
  if (napi_get_value_double(env, value, out) == napi_ok && *out == *out) return true;
  throwType(env, what);
  return false;
}

bool getBool(napi_env env, napi_value value, bool* out, const char* what) {
  if (napi_get_value_bool(env, value, out) == napi_ok) return true;
  throwType(env, what);
  return false;
}

bool getOption(napi_env env, napi_value value, bool* out, const char* what) {
  napi_valuetype type;
  *out = false;
  return (napi_typeof(env, value, &type) == napi_ok && type == napi_undefined) || getBool(env, value, out, what);
}

bool getBytes(napi_env env, napi_value value, Bytes* out, const char* what) {
  napi_typedarray_type type;
  void* data;
  if (napi_get_typedarray_info(env, value, &type, &out->length, &data, nullptr, nullptr) == napi_ok &&
      type == napi_uint8_array) {
    out->data = static_cast<uint8_t*>(data);
    return true;
  }
  throwType(env, what);
  return false;
}

bool getString(napi_env env, napi_value value, std::string* out, const char* what, bool allowNul) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    throwType(env, what);
    return false;
  }
  out->resize(length);
  // The terminating NUL goes where std::string keeps its own.
  if (napi_get_value_string_utf8(env, value, &(*out)[0], length + 1, &length) != napi_ok) {
    throwType(env, what);
    return false;
  }
  if (!allowNul && out->find('\0') != std::string::npos) {
    throwType(env, "a name must not contain NUL");
    return false;
  }
  return true;
}

bool checkSlice(napi_env env, const Bytes& bytes, int64_t offset, int64_t length) {
  if (offset >= 0 && length >= 0 && static_cast<uint64_t>(offset) <= bytes.length &&
      static_cast<uint64_t>(length) <= bytes.length - static_cast<uint64_t>(offset)) {
    return true;
  }
  throwRange(env, "offset and length must lie within the array");
  return false;
}

bool getCapacity(napi_env env, napi_value value, uint64_t* capacity) {
  int64_t bytes;
  if (!getInt(env, value, &bytes, "capacity must be a number")) return false;
  if (bytes < 8 || bytes % 8 != 0) {
    throwRange(env, "capacity must be a positive multiple of 8");
    return false;
  }
  *capacity = static_cast<uint64_t>(bytes);
  return true;
}

bool getUsedSizes(napi_env env, napi_value value, UsedSizes* sizes) {
  napi_valuetype type;
  int64_t size = 0;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_number) {
    getInt(env, value, &size, "");
    sizes->one_ = static_cast<uint64_t>(size);
    sizes->isOne_ = true;
    return true;
  }
  uint32_t count;
  if (napi_get_array_length(env, value, &count) != napi_ok) {
    throwType(env, "usedSizes must be a number or an array");
    return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok ||
        !getInt(env, element, &size, "a used size must be a number")) {
      return false;
    }
    sizes->many_.push_back(static_cast<uint64_t>(size));
  }
  return true;
}

}  // namespace flow_ipc
