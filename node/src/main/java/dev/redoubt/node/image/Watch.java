package dev.redoubt.node.image;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.image.ImageException.Reason;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Looks ten times a second whether a sandbox at work has gone too far, and stops it when it has. */
final class Watch implements AutoCloseable {
    private static final long PERIOD_MILLIS = 100;

    private final Patience patience;
    private final DiskGauge gauge;
    private final Runnable stop;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable String verdict;

    private Watch(Patience patience, DiskGauge gauge, Runnable stop) {
        this.patience = patience;
        this.gauge = gauge;
        this.stop = stop;
        this.thread = Thread.ofPlatform().daemon().name("unpack-watch").unstarted(this::look);
    }

    /** @param stop is called once, by the watch's thread */
    static Watch start(Patience patience, DiskGauge gauge, Runnable stop) {
        Watch watch = new Watch(patience, gauge, stop);
        watch.thread.start();
        return watch;
    }

    private void look() {
        try {
            while (!done.await(PERIOD_MILLIS, TimeUnit.MILLISECONDS)) {
                String found = judge();
                if (found != null) {
                    verdict = found;
                    stop.run();
                    return;
                }
            }
        } catch (InterruptedException never) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable String judge() {
        try {
            if (patience.isOver()) {
                return "it took too long";
            }
            return gauge.isOver() ? "it wrote more than an archive may hold" : null;
        } catch (LinuxException blind) {
            return "it cannot be watched: " + blind.getMessage();
        }
    }

    /** @throws ImageException saying why the sandbox was stopped, if it was: whatever went wrong then came of that */
    void check() {
        String why = verdict;
        if (why != null) {
            throw new ImageException(Reason.UNPACK_FAILED, "the unpacking sandbox was stopped: " + why);
        }
    }

    @Override
    public void close() {
        done.countDown();
        try {
            thread.join();
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
        gauge.close();
    }
}
