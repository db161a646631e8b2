package dev.redoubt.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Does something as often as it can for some seconds, by a few threads at once. */
final class Sustained {
    private static final double NANOS_PER_SECOND = 1e9;

    private final int seconds;
    private final AtomicIntegerArray finished;
    private final long began = System.nanoTime();

    private Sustained(int seconds) {
        this.seconds = seconds;
        this.finished = new AtomicIntegerArray(seconds);
    }

    /** What one thread does again and again. */
    @FunctionalInterface
    interface Work {
        void once() throws IOException, InterruptedException;
    }

    /**
     * How often it was done in each of the seconds.
     *
     * @throws PeerFailedException when one of the workers did
     */
    static List<Integer> run(int seconds, List<? extends Work> workers) throws IOException, InterruptedException {
        Sustained run = new Sustained(seconds);
        try (ExecutorService threads = Executors.newFixedThreadPool(workers.size())) {
            List<Callable<Void>> tasks = new ArrayList<>();
            workers.forEach(worker -> tasks.add(() -> run.repeat(worker)));
            for (Future<Void> task : threads.invokeAll(tasks)) {
                await(task);
            }
        }
        List<Integer> counts = new ArrayList<>();
        for (int second = 0; second < seconds; second++) {
            counts.add(run.finished.get(second));
        }
        return counts;
    }

    private Void repeat(Work work) throws IOException, InterruptedException {
        while (second() < seconds) {
            work.once();
            int second = second();
            if (second < seconds) {
                finished.incrementAndGet(second);
            }
        }
        return null;
    }

    private int second() {
        return (int) ((System.nanoTime() - began) / NANOS_PER_SECOND);
    }

    private static void await(Future<Void> task) throws IOException, InterruptedException {
        try {
            task.get();
        } catch (ExecutionException failed) {
            switch (failed.getCause()) {
                case RuntimeException cause -> throw cause;
                case IOException cause -> throw cause;
                case null, default -> throw new IllegalStateException(failed.getCause());
            }
        }
    }
}
