//! Sandboxes on threads of which one runs at a time: who holds the baton runs,
//! and gives it back before a call to a port or at its end.
//!
//! The order of everything follows from who is resumed. Threads are kept for
//! the next job. Must never let two run at once.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};

type Job = Box<dyn FnOnce() + Send>;

/// What a sandbox that is killed unwinds with.
pub(crate) struct Died;

/// Ends the sandbox here: nothing after this line of it happens.
pub(crate) fn die() -> ! {
    // Unwinding without the panic hook: this is no bug to be printed.
    resume_unwind(Box::new(Died))
}

struct Baton {
    /// Whether the job's thread may run; else the driver may.
    running: AtomicBool,
    driver: Mutex<Thread>,
    worker: OnceLock<Thread>,
    job: Mutex<Option<Job>>,
    over: AtomicBool,
    panicked: Mutex<Option<String>>,
}

/// A job on its thread.
pub(crate) struct Task(Arc<Baton>);

/// The job's own end: gives the baton back.
#[derive(Clone)]
pub(crate) struct Turn(Arc<Baton>);

thread_local! {
    static IDLE: RefCell<Vec<Arc<Baton>>> = const { RefCell::new(Vec::new()) };
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Baton {
    fn start() -> Arc<Self> {
        let baton = Arc::new(Self {
            running: AtomicBool::new(false),
            driver: Mutex::new(thread::current()),
            worker: OnceLock::new(),
            job: Mutex::new(None),
            over: AtomicBool::new(false),
            panicked: Mutex::new(None),
        });
        let own = Arc::clone(&baton);
        let worker = thread::spawn(move || own.work());
        let _ = baton.worker.set(worker.thread().clone());
        baton
    }

    fn work(&self) {
        loop {
            self.wait(true);
            let Some(job) = locked(&self.job).take() else { continue };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(job))
                && !payload.is::<Died>()
            {
                let text = payload.downcast_ref::<String>().cloned();
                let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string()));
                *locked(&self.panicked) = Some(text.unwrap_or_else(|| "a panic".into()));
            }
            self.over.store(true, Ordering::Release);
            self.give_back();
        }
    }

    fn wait(&self, running: bool) {
        while self.running.load(Ordering::Acquire) != running {
            thread::park();
        }
    }

    fn give_back(&self) {
        self.running.store(false, Ordering::Release);
        locked(&self.driver).unpark();
    }
}

impl Task {
    /// A job that starts when it is first resumed.
    pub(crate) fn new(job: impl FnOnce(Turn) + Send + 'static) -> Self {
        let baton = IDLE.with_borrow_mut(Vec::pop).unwrap_or_else(Baton::start);
        *locked(&baton.driver) = thread::current();
        baton.over.store(false, Ordering::Release);
        let turn = Turn(Arc::clone(&baton));
        *locked(&baton.job) = Some(Box::new(move || job(turn)));
        Self(baton)
    }

    /// Lets the job run until it gives the baton back. True at its end.
    pub(crate) fn resume(&self) -> bool {
        self.0.running.store(true, Ordering::Release);
        if let Some(worker) = self.0.worker.get() {
            worker.unpark();
        }
        self.0.wait(false);
        self.0.over.load(Ordering::Acquire)
    }

    /// What the job panicked with, if it did; its thread is free afterwards.
    pub(crate) fn end(self) -> Option<String> {
        let panicked = locked(&self.0.panicked).take();
        IDLE.with_borrow_mut(|idle| idle.push(self.0));
        panicked
    }
}

impl Turn {
    /// Lets others go first.
    pub(crate) fn pass(&self) {
        self.0.give_back();
        self.0.wait(true);
    }
}
