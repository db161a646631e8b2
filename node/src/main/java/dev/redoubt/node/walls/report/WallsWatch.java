package dev.redoubt.node.walls.report;

import dev.redoubt.protocol.SandboxId;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** One thread that looks at the walls of every sandbox of a node, again and again. */
public final class WallsWatch implements AutoCloseable {
    /** From the begin of a round to the begin of the next: what changes is known within ten seconds, on a busy host too. */
    public static final Duration EVERY = Duration.ofSeconds(8);

    private final Supplier<? extends Collection<WatchedWalls>> sandboxes;
    private final BiConsumer<SandboxId, WallsEvent> listener;
    private final Duration every;
    private final Thread thread;

    private WallsWatch(
            Supplier<? extends Collection<WatchedWalls>> sandboxes,
            BiConsumer<SandboxId, WallsEvent> listener,
            Duration every,
            boolean atOnce) {
        this.sandboxes = sandboxes;
        this.listener = listener;
        this.every = every;
        this.thread = Thread.ofPlatform().name("redoubt-walls").daemon().unstarted(() -> watch(atOnce));
    }

    /**
     * Begins to look.
     *
     * @param listener is told what happened, by the thread that looks
     * @param every from the begin of a round to the begin of the next
     * @param atOnce whether there are sandboxes already that may have changed while nobody looked
     */
    public static WallsWatch start(
            Supplier<? extends Collection<WatchedWalls>> sandboxes,
            BiConsumer<SandboxId, WallsEvent> listener,
            Duration every,
            boolean atOnce) {
        WallsWatch watch = new WallsWatch(sandboxes, listener, every, atOnce);
        watch.thread.start();
        return watch;
    }

    private void watch(boolean atOnce) {
        long round = System.nanoTime() + (atOnce ? 0 : every.toNanos());
        try {
            while (true) {
                TimeUnit.NANOSECONDS.sleep(round - System.nanoTime());
                round = Math.max(round, System.nanoTime()) + every.toNanos();
                for (WatchedWalls walls : sandboxes.get()) {
                    look(walls);
                    if (Thread.interrupted()) {
                        return;
                    }
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** A sandbox may end while it is looked at; another one's trouble is not the next one's. */
    private void look(WatchedWalls walls) {
        try {
            tell(walls, walls.look());
        } catch (WallsReader.GoneException ended) {
            return;
        } catch (RuntimeException failed) { // the edge of one sandbox: the others must still be looked at
            tell(walls, walls.notRead(String.valueOf(failed.getMessage())));
        }
    }

    private void tell(WatchedWalls walls, List<WallsEvent> events) {
        events.forEach(event -> listener.accept(walls.id(), event));
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
