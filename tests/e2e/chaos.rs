//! Whatever can be done to the network is done to it, at random, while people save
//! and read: nothing that was acknowledged is lost, nothing is there twice.
//!
//! Each part of the network has one fault at a time, and several parts may have
//! theirs at once. All are healed at the end, and then everything must converge.

use std::fmt;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redwedding_devnet::Network;
use redwedding_devnet::network::{LinkFault, To};

use crate::crowd::PROGRESS;
use crate::figures::{seed, size};
use crate::ground::on_an_own_network;
use crate::load::Load;

/// Parts that have a fault at the same time, at most.
const AT_ONCE: usize = 3;

/// How long a fault may last, in milliseconds.
const LASTING: std::ops::Range<u64> = 300..6_000;

/// Between the beginnings of two faults, in milliseconds.
const PAUSE: std::ops::Range<u64> = 100..1_500;

/// A part of the network that can have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Sandboxes(usize),
    Link(usize, To),
    Relay,
    Store,
    Origin,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Its sandboxes end; over at once.
    Ended,
    /// Its sandboxes and its cache go; over at once.
    Forgotten,
    /// Bytes take this long.
    Slow(Duration),
    Broken(LinkFault),
    Killed,
    Stopped,
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Struck {
    part: Part,
    fault: Fault,
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Sandboxes(pop) => write!(f, "sandboxes of pop-{}: {:?}", pop + 1, self.fault),
            Part::Link(pop, to) => write!(f, "pop-{} to {to:?}: {:?}", pop + 1, self.fault),
            part => write!(f, "{part:?}: {:?}", self.fault),
        }
    }
}

impl Struck {
    fn random(pops: usize, random: &mut StdRng) -> Self {
        let pop = random.random_range(0..pops);
        let (part, fault) = match random.random_range(0..16) {
            0..3 => (Part::Sandboxes(pop), Fault::Ended),
            3 => (Part::Sandboxes(pop), Fault::Forgotten),
            4..9 => (Part::Link(pop, To::Relay), Fault::of_link(random)),
            9..11 => (Part::Link(pop, To::Origin), Fault::of_link(random)),
            11..13 => (Part::Relay, Fault::Killed),
            13 => (Part::Relay, Fault::Stopped),
            14 => (Part::Store, Fault::Gone),
            _ => (Part::Origin, Fault::Gone),
        };
        Self { part, fault }
    }

    async fn begin(self, network: &mut Network) {
        match (self.part, self.fault) {
            (Part::Sandboxes(pop), Fault::Forgotten) => network.drop_pop_memory(pop).await.unwrap(),
            (Part::Sandboxes(pop), _) => network.kill_sandboxes(pop).await.unwrap(),
            (Part::Link(pop, to), Fault::Slow(delay)) => network.link(pop, to).set_delay(delay),
            (Part::Link(pop, to), Fault::Broken(fault)) => network.link(pop, to).set_fault(fault),
            (Part::Relay, Fault::Stopped) => network.relay_stop(true).await.unwrap(),
            (Part::Relay, _) => network.relay_kill().await.unwrap(),
            (Part::Store, _) => network.kv_down(true).await.unwrap(),
            (Part::Origin, _) => network.origin_down(true),
            (Part::Link(..), _) => {}
        }
    }

    async fn heal(self, network: &mut Network) {
        match self.part {
            Part::Sandboxes(_) => {}
            Part::Link(pop, to) => {
                network.link(pop, to).set_delay(Duration::ZERO);
                network.link(pop, to).set_fault(LinkFault::None);
            }
            Part::Relay => {
                network.relay_stop(false).await.unwrap();
                network.relay_start().await.unwrap();
            }
            Part::Store => network.kv_down(false).await.unwrap(),
            Part::Origin => network.origin_down(false),
        }
    }

    /// Whether it stays until it is healed.
    fn lasts(self) -> bool {
        !matches!(self.part, Part::Sandboxes(_))
    }

    /// Whether both are faults of the same part. All links to the origin are its own.
    fn excludes(self, other: Self) -> bool {
        let to_origin = |part| matches!(part, Part::Origin | Part::Link(_, To::Origin));
        self.part == other.part || (to_origin(self.part) && to_origin(other.part))
    }
}

impl Fault {
    fn of_link(random: &mut StdRng) -> Self {
        match random.random_range(0..5) {
            0 => Self::Slow(Duration::from_millis(random.random_range(20..800))),
            1 => Self::Broken(LinkFault::Refuse),
            2 => Self::Broken(LinkFault::Silent),
            3 => Self::Broken(LinkFault::LoseReplies),
            _ => Self::Broken(LinkFault::Garbage),
        }
    }
}

/// What is done to the network, and until when.
struct Storm {
    random: StdRng,
    begun: Instant,
    raging: Vec<(Struck, Instant)>,
    struck: usize,
}

impl Storm {
    async fn rage(&mut self, network: &mut Network, load: &Load, lasting: Duration) {
        let mut told = Instant::now();
        while self.begun.elapsed() < lasting {
            self.heal(network, Instant::now()).await;
            self.strike(network).await;
            if told.elapsed() > PROGRESS {
                told = Instant::now();
                let (acknowledged, repeated) = load.so_far();
                self.tell(&format!("acknowledged {acknowledged}, repeated {repeated}"));
            }
            let pause = Duration::from_millis(self.random.random_range(PAUSE));
            tokio::time::sleep(pause).await;
        }
        for (struck, _) in std::mem::take(&mut self.raging) {
            struck.heal(network).await;
        }
        self.tell("all is healed");
    }

    async fn heal(&mut self, network: &mut Network, now: Instant) {
        let (over, raging) =
            std::mem::take(&mut self.raging).into_iter().partition(|(_, until)| *until <= now);
        self.raging = raging;
        let over: Vec<(Struck, Instant)> = over;
        for (struck, _) in over {
            struck.heal(network).await;
            self.tell(&format!("healed: {struck}"));
        }
    }

    async fn strike(&mut self, network: &mut Network) {
        let struck = Struck::random(network.pops(), &mut self.random);
        let lasting = Duration::from_millis(self.random.random_range(LASTING));
        let busy = self.raging.len() >= AT_ONCE && struck.lasts();
        if busy || self.raging.iter().any(|(other, _)| other.excludes(struck)) {
            return;
        }
        struck.begin(network).await;
        self.struck += 1;
        match struck.lasts() {
            true => {
                self.tell(&format!("{struck}, for {lasting:?}"));
                self.raging.push((struck, Instant::now() + lasting));
            }
            false => self.tell(&struck.to_string()),
        }
    }

    fn tell(&self, what: &str) {
        eprintln!("{:6.1} s: {what}", self.begun.elapsed().as_secs_f64());
    }
}

#[test]
fn nothing_is_lost_whatever_happens() {
    let (lasting, people) = (size("CHAOS", 15), size("PEOPLE", 8));
    on_an_own_network(
        |builder| builder,
        async |network| {
            println!("chaos for {lasting} s, {people} people who save, seed {}", seed());
            let load = Load::start(network, "Chaos", people, seed()).await;
            let random = StdRng::seed_from_u64(seed());
            let mut storm = Storm { random, begun: Instant::now(), raging: Vec::new(), struck: 0 };
            storm.rage(network, &load, Duration::from_secs(lasting as u64)).await;
            load.end(network, &format!("{} faults, seed {}", storm.struck, seed())).await;
        },
    );
}
