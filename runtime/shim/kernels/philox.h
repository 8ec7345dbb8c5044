// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011), and how Regimen
// packs its counters.
//
// key     = the 64 bits of the stage's key: word 0 the low half, word 1 the high half
// counter = { low 32 bits of group,
//             site + 0x9E3779B1·(group >> 32) + 0x85EBCA77·(sample >> 32)   (modulo 2^32),
//             low 32 bits of sample,
//             low 32 bits of step }
// where group = element / 4, and word element % 4 of the result belongs to the element. The two odd multipliers
// fold what exceeds 32 bits into the site, so that element 2^34 or sample 2^32 does not repeat an earlier stream.
#pragma once

#include "common.h"

namespace rgm {
namespace RGM_SET {
namespace {

struct Words {
  uint32_t w[4];
};

RGM_INLINE Words philox(Words c, uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c.w[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c.w[2];
    c = Words{{static_cast<uint32_t>(p1 >> 32) ^ c.w[1] ^ k0, static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ c.w[3] ^ k1, static_cast<uint32_t>(p0)}};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

RGM_INLINE Words counter(uint64_t group, uint64_t sample, uint64_t step, uint64_t site) {
  const uint32_t folded = static_cast<uint32_t>(site) + 0x9E3779B1u * static_cast<uint32_t>(group >> 32) +
                          0x85EBCA77u * static_cast<uint32_t>(sample >> 32);
  return Words{{static_cast<uint32_t>(group), folded, static_cast<uint32_t>(sample), static_cast<uint32_t>(step)}};
}

}  // namespace
}  // namespace RGM_SET
}  // namespace rgm
