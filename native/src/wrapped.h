// What a constructor asks first: whether its object has a script's half.
#pragma once

#include <napi.h>

namespace flow_ipc {

// worker.terminate() may come between a script's `new` and the constructor. Node-API then refuses to wrap the object,
// without an exception; nobody will ever destroy it, and node-addon-api ends the process when what it inherits is used.
// So it must own nothing and do nothing.
inline bool isWrapped(const Napi::Reference<Napi::Object>& object) { return !object.IsEmpty(); }

}  // namespace flow_ipc
