// The numbers that staged calls are given in the `out` array, whatever scripts have put there.
#pragma once

#include <node_api.h>

#include <cstdint>

#include "addon_state.h"

namespace flow_ipc {

// The largest whole number that a double has to itself.
constexpr double kMostExact = 9007199254740991.0;

// Whole numbers from 0 to `limit`; all else, NaN too, is -1.
inline int64_t wholeNumber(double value, double limit) {
  return value >= 0 && value <= limit ? static_cast<int64_t>(value) : -1;
}

struct Registers {
  AddonState* state;
  double* out;
  int64_t operation;  // -1: none up to `last`
  int64_t place;
  int64_t size;
  int64_t extra;

  Registers(napi_env env, napi_callback_info info, int last) {
    void* data;
    napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
    state = static_cast<AddonState*>(data);
    out = state->out();
    operation = wholeNumber(out[AddonState::kOperation], last);
    place = wholeNumber(out[AddonState::kList], kMostExact);
    size = wholeNumber(out[AddonState::kSize], kMostExact);
    extra = wholeNumber(out[AddonState::kExtra], kMostExact);
  }

  napi_value answer(int64_t result) const {
    out[AddonState::kResult] = static_cast<double>(result);
    return nullptr;
  }
};

}  // namespace flow_ipc
