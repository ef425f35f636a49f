// Reading the numbers that scripts put into the registers of staged calls: they can be anything.
#pragma once

#include <cstdint>

namespace flow_ipc {

// The largest whole number that a double has to itself.
constexpr double kMostExact = 9007199254740991.0;

// Whole numbers from 0 to `limit`; all else, NaN too, is -1.
inline int64_t wholeNumber(double value, double limit) {
  return value >= 0 && value <= limit ? static_cast<int64_t>(value) : -1;
}

}  // namespace flow_ipc
