//! Work on many things at the same time, with the results in the order of the things.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::thread;

/// Results that may wait for one that takes long. More would let memory grow with the number of things.
const AHEAD: usize = 256;
/// Threads for what is far: each keeps up to 8 MiB of a disk, and a server answers so many clients.
const OF_FAR: usize = 32;

/// Threads for so many things, some of which may be far (`is_any_far`): as many as there are processors for this process, and more where
/// each waits for a network most of the time.
#[must_use]
pub fn threads(things: usize, is_any_far: impl FnOnce() -> bool) -> usize {
    // Containers make the answer a dozen system calls, which the one disk of a person need not wait for.
    if things < 2 {
        return 1;
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    if is_any_far() { processors.max(OF_FAR) } else { processors }
}

/// Does `work` on every item with as many threads, and gives the results to `done` in the order of the items, on the
/// calling thread.
///
/// # Errors
/// What `done` fails with; no further item is begun then.
///
/// # Panics
/// When `work` or `done` does; no further item is begun then either.
pub fn in_order<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.iter().try_for_each(|item| done(work(item)));
    }
    let turns = Turns::default();
    thread::scope(|scope| {
        let _end = End(&turns);
        let (send, receive) = mpsc::channel();
        let mut working = false;
        for _ in 0..threads {
            let (send, turns, work) = (send.clone(), &turns, &work);
            let worker = move || {
                let _end = End(turns);
                while let Some((index, item)) = turns.take(items) {
                    if send.send((index, work(item))).is_err() {
                        return;
                    }
                }
            };
            // Where no more threads can be had, those that are there do the work.
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
            working = true;
        }
        drop(send);
        match working {
            true => deliver(&receive, &turns, &mut done),
            false => items.iter().try_for_each(|item| done(work(item))),
        }
    })
}

fn deliver<R>(
    receive: &mpsc::Receiver<(usize, R)>,
    turns: &Turns,
    done: &mut impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for (index, result) in receive {
        early.insert(index, result);
        while let Some(result) = early.remove(&due) {
            due = usize::saturating_add(due, 1);
            turns.delivered(due);
            done(result)?;
        }
    }
    Ok(())
}

/// Who takes which item, and when.
#[derive(Default)]
struct Turns {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    next: usize,
    delivered: usize,
    ended: bool,
}

impl Turns {
    /// The next item, once it is not too far ahead of what was delivered.
    fn take<'a, T>(&self, items: &'a [T]) -> Option<(usize, &'a T)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let too_far = |state: &mut State| !state.ended && state.next >= state.delivered.saturating_add(AHEAD);
        let mut state = self.moved.wait_while(state, too_far).unwrap_or_else(PoisonError::into_inner);
        let index = state.next;
        let item = items.get(index).filter(|_| !state.ended)?;
        state.next = index.saturating_add(1);
        Some((index, item))
    }

    fn delivered(&self, count: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).delivered = count;
        self.moved.notify_all();
    }

    fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.moved.notify_all();
    }
}

/// Ends the turns of all, whichever way this one goes: nobody waits for somebody who is gone. A worker that ends as it should
/// has found no more items.
struct End<'a>(&'a Turns);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_however_long_one_takes() {
        for threads in [0, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..1000).collect();
            let begun = AtomicUsize::new(0);
            let (mut results, mut most) = (Vec::new(), 0);
            let work = |item: &usize| {
                begun.fetch_add(1, Ordering::Relaxed);
                if *item == 0 {
                    thread::sleep(Duration::from_millis(100));
                }
                item * 2
            };
            in_order(&items, threads, work, |result| {
                most = most.max(begun.load(Ordering::Relaxed) - results.len());
                results.push(result);
                Ok(())
            })
            .unwrap();
            assert_eq!(results, (0..1000).map(|item| item * 2).collect::<Vec<_>>());
            // What waits for the slow one is not more than was allowed, however many there are.
            assert!(most <= AHEAD + 1, "{most} with {threads} threads");
        }
    }

    #[test]
    fn an_error_ends_it() {
        for threads in [1, 3] {
            let begun = AtomicUsize::new(0);
            let work = |_: &u8| begun.fetch_add(1, Ordering::Relaxed);
            let error = in_order(&[0; 5000], threads, work, |_| Err(anyhow::anyhow!("full"))).unwrap_err();
            assert_eq!(error.to_string(), "full");
            assert!(begun.load(Ordering::Relaxed) <= AHEAD + 1);
        }
    }

    /// More items are left than may wait: whoever waited for the one that is gone would wait for ever.
    #[test]
    fn a_panic_ends_it_too() {
        let items: Vec<u32> = (0..5000).collect();
        let ends = |work: fn(&u32) -> u32, done: fn(u32) -> anyhow::Result<()>| {
            std::panic::catch_unwind(|| in_order(&items, 3, work, done)).is_err()
        };
        assert!(ends(|item| *item, |_| panic!("as the test wants it")));
        let work = |item: &u32| if *item == 7 { panic!("as the test wants it") } else { *item };
        assert!(ends(work, |_| Ok(())));
        assert!(!ends(|item| *item, |_| Ok(())));
    }
}
