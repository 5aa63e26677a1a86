//! What a follower is told: the newest state and the farewell, however slowly it reads.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::mpsc;

use crate::control::{FollowerId, Request, encoding};
use crate::words::wire::{AppState, Farewell, Told};

/// The driver's end. It never blocks; dropped without a farewell, it leaves the follower without one.
#[derive(Debug)]
pub(crate) struct Teller(Rc<RefCell<Slot>>);

/// The follower's end: the body of its answer.
#[derive(Debug)]
pub(super) struct Telling {
    slot: Rc<RefCell<Slot>>,
    _gone: Gone,
}

/// Tells the driver when it is dropped.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) id: FollowerId,
    pub(super) requests: mpsc::UnboundedSender<Request>,
}

/// What is not sent yet. A state that nobody took gives way to the next one.
#[derive(Debug, Default)]
struct Slot {
    lent: Option<Vec<String>>,
    state: Option<AppState>,
    farewell: Option<Farewell>,
    /// Nothing follows what is there.
    is_closed: bool,
    reader: Option<Waker>,
}

impl Slot {
    fn take(&mut self) -> Option<Told> {
        let lent = self.lent.take().map(Told::Lent);
        let told = lent.or_else(|| self.state.take().map(Told::State));
        told.or_else(|| self.farewell.take().map(Told::Ended))
    }

    fn close(&mut self) {
        self.is_closed = true;
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// The two ends of what one follower is told.
pub(super) fn pair(gone: Gone) -> (Teller, Telling) {
    let slot = Rc::new(RefCell::new(Slot::default()));
    let telling = Telling {
        slot: Rc::clone(&slot),
        _gone: gone,
    };
    (Teller(slot), telling)
}

impl Teller {
    /// After a farewell nothing is told any more.
    pub(crate) fn tell(&self, told: Told) {
        let mut slot = self.0.borrow_mut();
        if slot.is_closed {
            return;
        }
        match told {
            Told::State(state) => {
                slot.state = Some(state);
                slot.wake();
            }
            Told::Lent(names) => {
                slot.lent = Some(names);
                slot.wake();
            }
            Told::Ended(farewell) => {
                slot.farewell = Some(farewell);
                slot.close();
            }
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.borrow_mut().close();
    }
}

impl Body for Telling {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut slot = self.slot.borrow_mut();
        if let Some(told) = slot.take() {
            return Poll::Ready(Some(Ok(Frame::data(encoding::line(&told)))));
        }
        if slot.is_closed {
            return Poll::Ready(None);
        }
        slot.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        // A driver that has ended needs to know nothing.
        let _ = self.requests.send(Request::FollowerGone(self.id));
    }
}
