// SHM-jemalloc: nothing here yet. README.md tells what will be.
export {};
