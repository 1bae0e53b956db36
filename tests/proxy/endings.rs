//! Ends that crash, hang, answer garbage, close in the middle of a frame, never answer or flood.

use super::*;
use reversim::history::What;
use reversim_models::node::LinkDownReason;

const REQUEST: Mti = Mti::FINANCIAL_REQUEST;
const ANSWER: Mti = Mti::FINANCIAL_RESPONSE;

async fn read(end: &mut DuplexStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(LONG, end.read_exact(&mut bytes)).await.expect("in time").expect("it arrives");
    bytes
}

async fn is_at_its_end(end: &mut DuplexStream) -> bool {
    let mut byte = [0];
    timeout(LONG, end.read(&mut byte)).await.is_ok_and(|read| matches!(read, Ok(0)))
}

#[test]
fn garbage_passes_untouched_and_so_does_everything_behind_it() {
    let script = "[[fault]]\ndrop = { from = \"terminal-1\", to = \"switch-1\", mti = \"0200\" }";
    let said = play(config(script), 1 << 16, async |rig| {
        let garbage = b"\0\0GET / HTTP/1.1\r\n\r\n".to_vec();
        let all = [garbage, frame(REQUEST, 1)].concat();
        rig.left.write_all(&all[..9]).await.expect("it is open");
        assert_eq!(read(&mut rig.right, 9).await, all[..9]);
        rig.left.write_all(&all[9..]).await.expect("it is open");
        assert_eq!(read(&mut rig.right, all.len() - 9).await, all[9..]);
        // The other direction is none the worse for it.
        rig.right.write_all(&frame(ANSWER, 1)).await.expect("it is open");
        assert_eq!(read(&mut rig.left, frame(ANSWER, 1).len()).await, frame(ANSWER, 1));
        assert_eq!((rig.proxy.idle(), rig.proxy.counts().raw), (vec![0], 2));
        rig.said()
    });
    assert!(
        said.contains("terminal-1 sends what is no frame (the frame length is zero)"),
        "{said}"
    );
    assert!(said.contains("no fault can act on it"), "{said}");
}

#[test]
fn a_frame_that_is_no_message_passes_untouched() {
    play(config(""), 1 << 16, async |rig| {
        let bytes = POS.framing.wrap(Envelope::default(), b"\xff\xff\xff no message");
        rig.left.write_all(&bytes).await.expect("it is open");
        assert_eq!(read(&mut rig.right, bytes.len()).await, bytes);
        assert_eq!(rig.proxy.counts().raw, 0);
    });
}

#[test]
fn half_a_frame_goes_on_in_time_and_its_rest_as_it_comes() {
    let said = play(config(""), 1 << 16, async |rig| {
        let (first, second) = (frame(REQUEST, 1), frame(REQUEST, 2));
        rig.left.write_all(&first[..10]).await.expect("it is open");
        assert_eq!(read(&mut rig.right, 10).await, first[..10]);
        assert_eq!(rig.begun.elapsed(), Duration::from_millis(500));
        rig.left.write_all(&first[10..20]).await.expect("it is open");
        assert_eq!(read(&mut rig.right, 10).await, first[10..20]);
        rig.left.write_all(&[&first[20..], &second].concat()).await.expect("it is open");
        let rest = read(&mut rig.right, first.len() - 20 + second.len()).await;
        assert_eq!(rest, [&first[20..], &second].concat());
        assert_eq!(rig.begun.elapsed(), Duration::from_millis(500));
        assert_eq!(rig.proxy.counts().messages, [2, 0]);
        rig.said()
    });
    assert!(said.contains("half a frame from terminal-1 waited 500 ms"), "{said}");
}

#[test]
fn an_end_that_closes_in_the_middle_of_a_frame_is_heard_to_the_last_byte() {
    let said = play(config(""), 1 << 16, async |rig| {
        rig.left.write_all(&frame(REQUEST, 1)[..10]).await.expect("it is open");
        rig.left.shutdown().await.expect("it is open");
        assert_eq!(read(&mut rig.right, 10).await, frame(REQUEST, 1)[..10]);
        assert!(is_at_its_end(&mut rig.right).await);
        rig.said()
    });
    assert!(said.contains("terminal-1 closed in the middle of a frame, after 10 bytes"), "{said}");
}

#[test]
fn who_closed_its_half_still_hears_the_answer() {
    play(config(""), 1 << 16, async |rig| {
        rig.left.write_all(&frame(REQUEST, 1)).await.expect("it is open");
        rig.left.shutdown().await.expect("it is open");
        assert_eq!(read(&mut rig.right, frame(REQUEST, 1).len()).await, frame(REQUEST, 1));
        assert!(is_at_its_end(&mut rig.right).await);
        sleep(Duration::from_secs(20)).await;
        rig.right.write_all(&frame(ANSWER, 1)).await.expect("it is open");
        rig.right.shutdown().await.expect("it is open");
        assert_eq!(read(&mut rig.left, frame(ANSWER, 1).len()).await, frame(ANSWER, 1));
        assert!(is_at_its_end(&mut rig.left).await);
        sleep(Duration::from_millis(1)).await;
        let history = rig.recording().history;
        let is_down = |entry: &reversim::history::Entry| {
            matches!(entry.what, What::LinkDown { reason: LinkDownReason::Closed, .. })
        };
        assert_eq!(history.entries.iter().filter(|entry| is_down(entry)).count(), 2);
    });
}

#[test]
fn who_is_left_alone_in_silence_is_not_waited_for() {
    let said = play(config(""), 1 << 16, async |rig| {
        rig.left.shutdown().await.expect("it is open");
        assert!(is_at_its_end(&mut rig.left).await);
        let waited = rig.begun.elapsed();
        assert!(waited >= Duration::from_secs(30), "{waited:?}");
        assert!(waited <= Duration::from_secs(32), "{waited:?}");
        sleep(Duration::from_millis(1)).await;
        rig.said()
    });
    assert!(said.contains("terminal-1 closed its half and switch-1 said nothing"), "{said}");
}

#[test]
fn an_end_that_never_answers_is_named_once() {
    let said = play(config(""), 1 << 16, async |rig| {
        rig.left.write_all(&frame(REQUEST, 1)).await.expect("it is open");
        sleep(LONG).await;
        rig.said()
    });
    let sentence = "connection 1: switch-1 has said nothing since a message went to it";
    assert_eq!(said.matches(sentence).count(), 1, "{said}");
}

#[test]
fn a_flood_that_nobody_reads_is_held_back_at_its_source() {
    const ROOM: usize = 4_096;
    let said = play(config(""), ROOM, async |rig| {
        let message = frame(REQUEST, 1);
        let mut written = 0;
        while let Ok(done) = timeout(Duration::from_secs(1), rig.left.write_all(&message)).await {
            done.expect("it is open");
            written += message.len();
        }
        // Both pipes, one read of the proxy and one frame: not more, however long it lasts.
        assert!(written <= 2 * ROOM + (16 << 10) + 2 * message.len(), "{written} bytes");
        sleep(LONG).await;
        rig.said()
    });
    let sentence = "connection 1: switch-1 has read nothing";
    assert_eq!(said.matches(sentence).count(), 1, "{said}");
}

#[test]
fn what_is_held_when_an_end_is_gone_is_lost_and_the_history_says_so() {
    let script = "[[fault]]\ndelay = { on = { from = \"switch-1\", to = \"terminal-1\", \
                  mti = \"0210\" }, until = { by-ms = 60000 } }";
    play(config(script), 1 << 16, async |rig| {
        rig.right.write_all(&frame(ANSWER, 1)).await.expect("it is open");
        sleep(Duration::from_secs(1)).await;
        let (gone, _) = duplex(1);
        drop(std::mem::replace(&mut rig.left, gone));
        sleep(LONG).await;
        assert_eq!(rig.proxy.counts().lost, 1);
        let history = rig.recording().history;
        assert!(history.entries.iter().any(|entry| matches!(entry.what, What::Lost { .. })));
    });
}
