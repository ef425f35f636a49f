// Making shared memory objects. Names are given without the leading slash.
#pragma once

#include <cstddef>
#include <string>

namespace flow_ipc {

// A new object of `size` bytes, sparse, with exactly `mode`. Descriptor or -errno; `failed` names the call.
int createShm(const std::string& name, size_t size, int mode, const char** failed);

}  // namespace flow_ipc
