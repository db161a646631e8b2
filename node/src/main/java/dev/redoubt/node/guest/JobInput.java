package dev.redoubt.node.guest;

import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What a job is sent, never more than the guest has room for (native/PROTOCOL.md, WINDOW). */
final class JobInput {
    /** Bytes that any job may be sent beyond those taken, until the guest says more. */
    static final int LEAST = 8_192;

    /** Half of the widest window, so that one half is written inside while the other is on its way. */
    private static final int PIECE = Frame.PAYLOAD / 2;

    private final GuestChannel channel;
    private final int job;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long sent;
    private long taken;
    private int window = LEAST;
    private boolean known;
    private boolean broken;

    /** @param fresh whether nothing was sent before; else the guest says how far it got ({@link #resumed}) */
    JobInput(GuestChannel channel, int job, boolean fresh) {
        this.channel = channel;
        this.job = job;
        this.known = fresh;
    }

    void write(ByteBuffer bytes) throws BrokenInputException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (bytes.hasRemaining()) {
                awaitRoom();
                int count = (int) Math.min(Math.min(window - (sent - taken), PIECE), bytes.remaining());
                // A copy: the frame may have to wait, and the caller's buffer is the caller's again when we return.
                ByteBuffer piece = ByteBuffer.allocate(count);
                piece.put(0, bytes, bytes.position(), count);
                bytes.position(bytes.position() + count);
                channel.send(new ToGuest.Stdin(job, sent, piece));
                sent += count;
            }
        } finally {
            lock.unlock();
        }
    }

    void end() throws BrokenInputException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!known && !broken) {
                changed.await();
            }
            channel.send(new ToGuest.Stdin(job, sent, ToGuest.EMPTY));
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom() throws BrokenInputException, InterruptedException {
        while (!broken && (!known || sent - taken >= window)) {
            changed.await();
        }
        if (broken) {
            throw new BrokenInputException(job);
        }
    }

    void window(long total, int size) {
        lock.lock();
        try {
            if (known && total > sent) {
                throw new GuestMisbehavedException("job " + job + " took input that was not sent");
            }
            taken = Math.max(taken, total);
            window = Math.max(window, size);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What an earlier node sent and the job has not taken yet waits in the guest: ours goes on behind it. */
    void resumed(long inside, long received) {
        lock.lock();
        try {
            sent = received;
            taken = inside;
            known = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void broken() {
        lock.lock();
        try {
            broken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
