// Lists of small messages that this process has no use for at present, kept for its next ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "segment_list.h"

namespace flow_ipc {

// A message costs the allocator six blocks, and both processes the memory of all of them, new each time. Who sends one
// after another keeps its share in what it sent: as soon as the recipient has dropped its own, the same list serves
// again, and all that changes hands is the count of owners and the bytes. The recipient notices nothing. C++ senders keep
// such a share until their message goes.
//
// What is kept is little (at most kMost lists of either use, none larger than kLongest), and given back by giveBack() and
// with this object.
class SpareLists {
 public:
  static constexpr size_t kMost = 16;
  // In bytes of the segment.
  static constexpr uint64_t kLongest = 16 * 1024;

  // Both must outlive this.
  SpareLists(PoolMemory& pool, SegmentLists& lists) : pool_(pool), lists_(lists) {}
  ~SpareLists() { giveBack(); }
  SpareLists(const SpareLists&) = delete;
  SpareLists& operator=(const SpareLists&) = delete;

  // SegmentLists::build(), of a spare list where there is one: its segment may be longer.
  int64_t build(uint64_t capacity, uint64_t* buffer);
  // SegmentLists::send() of a list with one segment, with a share kept in the list that holds the bytes.
  int64_t send(uint64_t list, uint64_t used, const uint8_t* bytes, uint64_t length);
  // Takes over a share in a list that this process built: 1 when it is kept, 0 when it was released, or a code:
  // -EINVAL also when it was retired before.
  int64_t retire(uint64_t list);
  // Gives all back, but stops where the pool's lock cannot be had. How many there were.
  size_t giveBack();

 private:
  struct Spare {
    uint64_t list;
    uint64_t buffer;
    uint64_t capacity;
  };
  // First in, first out: recipients are done with the oldest first.
  class Ring {
   public:
    bool empty() const { return count_ == 0; }
    bool full() const { return count_ == kMost; }
    void push(const Spare& spare) { spares_[(first_ + count_++) % kMost] = spare; }
    Spare pop() {
      const Spare spare = spares_[first_];
      first_ = (first_ + 1) % kMost;
      --count_;
      return spare;
    }
    // The first whose segment is large enough, but not so large that it would be a waste; it is in the ring no more.
    bool pop(uint64_t capacity, Spare* spare);
    bool has(uint64_t list) const;

    // How many more messages are not worth a look, since recipients are far behind.
    uint32_t skip = 0;
    uint32_t failures = 0;

   private:
    std::array<Spare, kMost> spares_{};
    size_t first_ = 0;
    size_t count_ = 0;
  };

  bool take(Ring& ring, uint64_t capacity, Spare* spare);
  void keep(Ring& ring, uint64_t list);
  int64_t storeKeeping(const uint8_t* bytes, uint64_t length);

  PoolMemory& pool_;
  SegmentLists& lists_;
  Ring bodies_;
  Ring metadata_;
};

}  // namespace flow_ipc
