// Cheap reading and checking of JavaScript arguments: one Node-API call per argument.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "errors.h"

namespace flow_ipc {

// Bytes of a Uint8Array. Valid until JavaScript runs again.
struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

// Each returns false with an exception pending when the value is not what `what` says.
// Fractions are cut off. What is no exact integer (beyond 2^53, infinite, NaN) reads as the end of the 64-bit range,
// so that every range check catches it.
inline bool getInt(napi_env env, napi_value value, int64_t* out, const char* what) {
  double exact;
  if (napi_get_value_double(env, value, &exact) != napi_ok) {
    throwType(env, what);
    return false;
  }
  constexpr double kLimit = 9007199254740992.0;
  *out = exact >= -kLimit && exact <= kLimit ? static_cast<int64_t>(exact) : exact > 0 ? INT64_MAX : INT64_MIN;
  return true;
}

bool getFd(napi_env env, napi_value value, int* out);
bool getDouble(napi_env env, napi_value value, double* out, const char* what);
bool getBool(napi_env env, napi_value value, bool* out, const char* what);
// False for undefined.
bool getOption(napi_env env, napi_value value, bool* out, const char* what);
bool getBytes(napi_env env, napi_value value, Bytes* out, const char* what);
// UTF-8. NUL bytes are refused unless `allowNul`.
bool getString(napi_env env, napi_value value, std::string* out, const char* what, bool allowNul = false);
// True when [offset, offset + length) lies in `bytes`; else a RangeError is pending.
bool checkSlice(napi_env env, const Bytes& bytes, int64_t offset, int64_t length);

// Of a message's segment: a positive multiple of 8.
bool getCapacity(napi_env env, napi_value value, uint64_t* capacity);

// The used sizes of a message's segments: a number for one segment, which most have, or an array of them. A negative size
// reads as one that fits nowhere.
class UsedSizes {
 public:
  const uint64_t* data() const { return many_.empty() ? &one_ : many_.data(); }
  size_t count() const { return isOne_ ? 1 : many_.size(); }

 private:
  friend bool getUsedSizes(napi_env env, napi_value value, UsedSizes* sizes);
  uint64_t one_ = 0;
  bool isOne_ = false;
  std::vector<uint64_t> many_;
};
bool getUsedSizes(napi_env env, napi_value value, UsedSizes* sizes);

inline napi_value number(napi_env env, int64_t value) {
  napi_value result = nullptr;
  // A small integer needs no heap number.
  if (value == static_cast<int32_t>(value)) {
    napi_create_int32(env, static_cast<int32_t>(value), &result);
  } else {
    napi_create_int64(env, value, &result);
  }
  return result;
}

}  // namespace flow_ipc
