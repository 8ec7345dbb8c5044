//! Bytes that libtorch's caching allocator reserves on a GPU for a stage: what is alive at the peak, what rounding adds, and
//! what lies unusable between blocks.
//!
//! The allocator is deterministic, and so is a plan's sequence of requests; so it is replayed here, as the allocator works with
//! expandable segments. Blocks are multiples of 512 bytes. Those up to 1 MiB lie in one address range that grows by
//! 2 MiB at a time, larger ones in another that grows by 20 MiB. A request takes the smallest free block that is large enough,
//! the one at the growing end last; neighbours that are free become one.

use super::memory::reads_caches;
use crate::stages::Lowered;
use regimen_base::program::{Program, Resident, Role, Storage};

/// Blocks are multiples of this.
const GRAIN: u64 = 512;
/// The largest request of the range for small ones.
const SMALL: u64 = 1 << 20;
/// By how much the ranges grow.
const GROWTH: [u64; 2] = [2 << 20, 20 << 20];

/// Bytes reserved after every program of the stage has run.
pub fn reserved(lowered: &Lowered) -> u64 {
    let mut memory = Allocator::default();
    let (caches, lasting): (Vec<&Resident>, Vec<&Resident>) =
        lowered.residents.iter().partition(|resident| resident.role == Role::Cache);
    for resident in lasting {
        memory.hold(resident);
    }
    for program in lowered.programs.values() {
        let reads = reads_caches(program, &lowered.residents);
        let held: Vec<_> = caches.iter().filter(|_| reads).map(|cache| memory.hold(cache)).collect();
        memory.run(program);
        held.into_iter().for_each(|block| memory.free(block));
    }
    memory.reserved()
}

/// A block in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    range: usize,
    address: u64,
    size: u64,
}

/// The allocator of one device.
#[derive(Default)]
pub(super) struct Allocator {
    ranges: [Range; 2],
}

impl Allocator {
    /// Bytes that were taken from the driver so far.
    pub(super) fn reserved(&self) -> u64 {
        self.ranges.iter().map(|range| range.mapped).sum()
    }

    /// Allocates a resident.
    pub(super) fn hold(&mut self, resident: &Resident) -> Option<Block> {
        self.allocate(resident.ty.elements() * resident.ty.dtype.size())
    }

    /// Replays the requests of one run of a program.
    pub(super) fn run(&mut self, program: &Program) {
        let bytes = |index: usize| {
            let ty = &program.tensors[index].ty;
            ty.elements() * ty.dtype.size()
        };
        let owner = |index: usize| match program.tensors[index].storage {
            Storage::Shares(base) => base.index(),
            _ => index,
        };
        // The block of each storage, and how many values live in it.
        let mut blocks: Vec<(Option<Block>, u32)> = vec![(None, 0); program.tensors.len()];
        for input in &program.inputs {
            blocks[input.tensor.index()] = (self.allocate(bytes(input.tensor.index())), 1);
        }
        for instruction in &program.instructions {
            for output in &instruction.outputs {
                let index = owner(output.index());
                if index == output.index() {
                    blocks[index].0 = self.allocate(bytes(index));
                }
                blocks[index].1 += 1;
            }
            let workspace = self.allocate(instruction.workspace);
            self.free(workspace);
            for freed in &instruction.frees {
                let (block, values) = &mut blocks[owner(freed.index())];
                *values = values.saturating_sub(1);
                if *values == 0 {
                    self.free(block.take());
                }
            }
        }
        for (block, _) in blocks {
            self.free(block);
        }
    }

    fn allocate(&mut self, bytes: u64) -> Option<Block> {
        if bytes == 0 {
            return None;
        }
        let size = bytes.next_multiple_of(GRAIN);
        let range = usize::from(size > SMALL);
        let address = self.ranges[range].allocate(size, GROWTH[range]);
        Some(Block { range, address, size })
    }

    fn free(&mut self, block: Option<Block>) {
        if let Some(Block { range, address, size }) = block {
            self.ranges[range].free(address, size);
        }
    }
}

/// A stretch of a range that nothing uses.
#[derive(Clone, Copy)]
struct Hole {
    address: u64,
    size: u64,
}

impl Hole {
    fn end(&self) -> u64 {
        self.address + self.size
    }
}

/// One range of addresses.
#[derive(Default)]
struct Range {
    mapped: u64,
    /// By address; no two touch. There are a few dozen at most times, which one look along them all finds faster than any index.
    holes: Vec<Hole>,
}

impl Range {
    fn allocate(&mut self, size: u64, growth: u64) -> u64 {
        // The end grows only if nothing else is large enough.
        let inner = match self.holes.last() {
            Some(last) if last.end() == self.mapped => &self.holes[..self.holes.len() - 1],
            _ => &self.holes[..],
        };
        let fitting = inner.iter().enumerate().filter(|(_, hole)| hole.size >= size);
        let index = match fitting.min_by_key(|(_, hole)| hole.size) {
            Some((index, _)) => index,
            None => {
                if inner.len() == self.holes.len() {
                    self.holes.push(Hole { address: self.mapped, size: 0 });
                }
                let end = self.holes.len() - 1;
                let missing = size.saturating_sub(self.holes[end].size).next_multiple_of(growth);
                self.mapped += missing;
                self.holes[end].size += missing;
                end
            }
        };
        let hole = &mut self.holes[index];
        let address = hole.address;
        (hole.address, hole.size) = (address + size, hole.size - size);
        if hole.size == 0 {
            self.holes.remove(index);
        }
        address
    }

    fn free(&mut self, address: u64, size: u64) {
        let next = self.holes.partition_point(|hole| hole.address < address);
        let joins_next = self.holes.get(next).is_some_and(|hole| hole.address == address + size);
        let joins_last = next > 0 && self.holes[next - 1].end() == address;
        match (joins_last, joins_next) {
            (true, true) => {
                self.holes[next - 1].size += size + self.holes[next].size;
                self.holes.remove(next);
            }
            (true, false) => self.holes[next - 1].size += size,
            (false, true) => {
                let hole = &mut self.holes[next];
                (hole.address, hole.size) = (address, hole.size + size);
            }
            (false, false) => self.holes.insert(next, Hole { address, size }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_blocks_grow_apart() {
        let mut memory = Allocator::default();
        memory.allocate(1);
        assert_eq!((memory.ranges[0].mapped, memory.ranges[1].mapped), (2 << 20, 0));
        memory.allocate((1 << 20) + 1);
        assert_eq!((memory.ranges[0].mapped, memory.ranges[1].mapped), (2 << 20, 20 << 20));
        assert_eq!(memory.allocate(0), None);
    }

    #[test]
    fn the_smallest_hole_is_filled_and_neighbours_join() {
        let mut range = Range::default();
        let mib = 1 << 20;
        let blocks: Vec<u64> = [4, 2, 8, 2].iter().map(|n| range.allocate(n * mib, GROWTH[1])).collect();
        range.free(blocks[0], 4 * mib);
        range.free(blocks[2], 8 * mib);
        // Holes of 4 and 8 MiB and the end: three fit into the first.
        assert_eq!(range.allocate(3 * mib, GROWTH[1]), blocks[0]);
        assert_eq!(range.allocate(5 * mib, GROWTH[1]), blocks[2]);
        range.free(blocks[1], 2 * mib);
        // What was between them and the rest of the first hole are one now.
        assert_eq!(range.allocate(3 * mib, GROWTH[1]), blocks[0] + 3 * mib);
        assert_eq!(range.mapped, 20 * mib);
        // The end grows by what is missing.
        range.allocate(10 * mib, GROWTH[1]);
        assert_eq!(range.mapped, 40 * mib);
    }
}
