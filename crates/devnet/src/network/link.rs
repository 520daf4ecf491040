//! Links: TCP proxies that can be slow, cut, or worse.
//!
//! Each point of presence reaches the relay and the origin through links of its
//! own, so that a test can partition one of them from one other part. A link
//! forwards bytes and never looks into them. A change of fault cuts the
//! connections under way; a change of delay does not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Bytes read at a time.
const CHUNK: usize = 16 * 1024;

/// Chunks under way in one direction of one connection.
const CHUNKS_UNDER_WAY: usize = 256;

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkFault {
    /// Nothing.
    #[default]
    None,
    /// Connections are closed at once.
    Refuse,
    /// Connections are accepted; nothing ever comes back.
    Silent,
    /// Requests arrive and are carried out; their answers are lost and the
    /// connection closes.
    LoseReplies,
    /// Requests get nowhere; what comes back is nonsense: no HTTP, an error, or
    /// a success with a body that is nothing, or with one that breaks off.
    Garbage,
}

#[derive(Clone, Copy, Debug)]
struct Condition {
    fault: LinkFault,
    delay: Duration,
    target: SocketAddr,
    /// Grows with each change that cuts connections.
    generation: u64,
}

/// A link to one address. Dropping it closes it.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
    accepting: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Link {
    /// Opens a link to `target` on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub async fn open(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let start =
            Condition { fault: LinkFault::None, delay: Duration::ZERO, target, generation: 0 };
        let (condition, watched) = watch::channel(start);
        let accepting = tokio::spawn(accept(listener, watched));
        Ok(Self { address, condition, accepting })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts the link into a fault, or out of it, and cuts what is under way.
    /// A link that has this fault already stays as it is.
    pub fn set_fault(&self, fault: LinkFault) {
        self.condition.send_if_modified(|condition| {
            if condition.fault == fault {
                return false;
            }
            condition.fault = fault;
            condition.generation += 1;
            true
        });
    }

    /// Delays bytes by this long, in each direction.
    pub fn set_delay(&self, delay: Duration) {
        self.condition.send_modify(|condition| condition.delay = delay);
    }
}

async fn accept(listener: TcpListener, condition: watch::Receiver<Condition>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(connection(client, condition.clone()));
            }
            // Out of file descriptors, most likely: it passes or it does not.
            Err(error) => {
                tracing::warn!(%error, "a link cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves one connection until it ends or the link's fault changes.
async fn connection(client: TcpStream, mut condition: watch::Receiver<Condition>) {
    let now = *condition.borrow_and_update();
    let delays = condition.clone();
    tokio::select! {
        _ = condition.wait_for(|later| later.generation != now.generation) => {}
        _ = carry(client, now, delays) => {}
    }
}

async fn carry(
    client: TcpStream,
    now: Condition,
    delays: watch::Receiver<Condition>,
) -> std::io::Result<()> {
    match now.fault {
        LinkFault::Refuse => return Ok(()),
        LinkFault::Silent => return std::future::pending().await,
        LinkFault::Garbage => return talk_nonsense(client).await,
        LinkFault::None | LinkFault::LoseReplies => {}
    }
    client.set_nodelay(true)?;
    let server = TcpStream::connect(now.target).await?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    if now.fault == LinkFault::LoseReplies {
        let mut reply = [0; 1];
        tokio::select! {
            _ = pump(from_client, to_server, delays) => {}
            // The first byte of an answer: the request was carried out.
            read = from_server.read(&mut reply) => { read?; }
        }
        return Ok(());
    }
    let there = pump(from_client, to_server, delays.clone());
    let back = pump(from_server, to_client, delays);
    tokio::try_join!(there, back)?;
    Ok(())
}

/// Answers whatever comes first with one kind of nonsense after the other.
async fn talk_nonsense(mut client: TcpStream) -> std::io::Result<()> {
    const KINDS: [&[u8]; 4] = [
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 5\r\n\r\noops\n",
        b"\x16\x03\x01 this is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/cbor\r\ncontent-length: 6\r\n\r\n\xff\x00\x9f<b>",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/cbor\r\ncontent-length: 90\r\n\r\n\x84\x01",
    ];
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let kind = KINDS[NEXT.fetch_add(1, Ordering::Relaxed) % KINDS.len()];
    client.readable().await?;
    client.write_all(kind).await?;
    client.shutdown().await?;
    // What is closed while there is something to read loses what was written.
    tokio::io::copy(&mut client, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Copies bytes, each chunk after the delay that held when it was read.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delays: watch::Receiver<Condition>,
) -> std::io::Result<()> {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_UNDER_WAY);
    let reading = async move {
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                return std::io::Result::Ok(());
            }
            let due = Instant::now() + delays.borrow().delay;
            let chunk = buffer.get(..length).unwrap_or_default().to_vec();
            if send.send((due, chunk)).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((due, chunk)) = receive.recv().await {
            tokio::time::sleep_until(due).await;
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Answers each byte with the same byte.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mut read, mut write) = stream.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
            }
        });
        address
    }

    async fn ask(link: &Link) -> std::io::Result<u8> {
        let mut stream = TcpStream::connect(link.address()).await?;
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_link_forwards_delays_and_fails() {
        let link = Link::open(echo().await).await.unwrap();
        assert_eq!(ask(&link).await.unwrap(), b'x');

        link.set_delay(Duration::from_millis(50));
        let begun = Instant::now();
        assert_eq!(ask(&link).await.unwrap(), b'x');
        assert!(begun.elapsed() >= Duration::from_millis(100));
        link.set_delay(Duration::ZERO);

        link.set_fault(LinkFault::Refuse);
        assert!(ask(&link).await.is_err());
        link.set_fault(LinkFault::LoseReplies);
        assert!(ask(&link).await.is_err());
        link.set_fault(LinkFault::Garbage);
        assert_ne!(ask(&link).await.unwrap(), b'x');
        link.set_fault(LinkFault::Silent);
        let silent = tokio::time::timeout(Duration::from_millis(50), ask(&link)).await;
        assert!(silent.is_err());
        link.set_fault(LinkFault::None);
        assert_eq!(ask(&link).await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_fault_cuts_what_is_under_way() {
        let link = Link::open(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(link.address()).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        link.set_fault(LinkFault::Refuse);
        assert!(stream.read_u8().await.is_err());
    }
}
