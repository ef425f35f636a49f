# Recipe of the one addon. `node scripts/build.mjs` fills in the three variables and runs it, in a folder that links to
# this one as src/. It is not at the root of the package, because package managers compile whatever has it there.
{
  "variables": { "flow_ipc_sanitize%": 0, "flow_ipc_version%": "dev", "flow_ipc_jemalloc%": "" },
  "targets": [
    {
      "target_name": "flow_ipc",
      "sources": [
        "src/addon.cc",
        "src/addon_state.cc",
        "src/args.cc",
        "src/backing.cc",
        "src/block_books.cc",
        "src/block_check.cc",
        "src/create_shm.cc",
        "src/descriptors.cc",
        "src/epoll_reactor.cc",
        "src/errors.cc",
        "src/external_view.cc",
        "src/fault_guard.cc",
        "src/fd_watcher.cc",
        "src/free_tree.cc",
        "src/futex_lock.cc",
        "src/helper_thread.cc",
        "src/jemalloc_arena.cc",
        "src/jemalloc_borrower.cc",
        "src/jemalloc_borrower_object.cc",
        "src/jemalloc_lists.cc",
        "src/jemalloc_object.cc",
        "src/jemalloc_object_lists.cc",
        "src/jemalloc_pool_id.cc",
        "src/jemalloc_pools.cc",
        "src/mapping.cc",
        "src/mq_bipc.cc",
        "src/mq_bipc_bell.cc",
        "src/mq_bipc_memory.cc",
        "src/mq_bipc_notifier.cc",
        "src/mq_bipc_watcher.cc",
        "src/mq_object.cc",
        "src/mq_posix.cc",
        "src/mq_queue.cc",
        "src/named_semaphore.cc",
        "src/owned_fds.cc",
        "src/pinger.cc",
        "src/pool.cc",
        "src/pool_lists.cc",
        "src/pool_memory.cc",
        "src/pool_objects.cc",
        "src/pool_resize.cc",
        "src/pool_rows.cc",
        "src/pool_waiting.cc",
        "src/posix_shm.cc",
        "src/robust_mutex.cc",
        "src/segment_list.cc",
        "src/shared_object.cc",
        "src/sliced_wait.cc",
        "src/socket_io.cc",
        "src/sockets.cc",
        "src/spare_lists.cc",
        "src/staged_arena.cc",
        "src/staged_pool.cc",
        "src/timer_fd.cc",
        "src/unaccounted_buffer.cc",
        "src/waiting_thread.cc"
      ],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include\")", "<(flow_ipc_jemalloc)/include"],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "FLOW_IPC_VERSION=\"<(flow_ipc_version)\"",
        "NDEBUG",
        "BOOST_DISABLE_ASSERTS"
      ],
      "cflags": ["-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++20", "-std=gnu++17"],
      "cflags_cc": ["-std=c++17", "-fexceptions", "-frtti", "-fvisibility-inlines-hidden"],
      # nodelete: buffers and watchers outlive the environment of a worker, and with them code of ours that frees them.
      "ldflags": ["-pthread", "-Wl,--exclude-libs,ALL", "-Wl,-z,nodelete"],
      "libraries": ["<(flow_ipc_jemalloc)/lib/libjemalloc_pic.a", "-lrt", "-ldl"],
      "conditions": [
        ["flow_ipc_sanitize==1", {
          "cflags": ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
          "ldflags": ["-fsanitize=address,undefined"]
        }]
      ]
    }
  ]
}
