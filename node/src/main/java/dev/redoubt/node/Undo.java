package dev.redoubt.node;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has to be taken back when a later step fails, last made first.
 *
 * <p>A step that cannot be taken back does not keep the others from it; its failure travels with the first one's.
 */
final class Undo {
    private final Deque<Runnable> steps = new ArrayDeque<>();

    void add(Runnable step) {
        steps.push(step);
    }

    /** A step to be taken back after all others: for what they still use. */
    void addLast(Runnable step) {
        steps.addLast(step);
    }

    /** Takes everything back because of {@code why}. */
    void because(RuntimeException why) {
        all().forEach(why::addSuppressed);
    }

    /** Takes everything back at the end of a life; the first step that failed is thrown, with the others behind it. */
    void run() {
        Deque<RuntimeException> failures = all();
        RuntimeException first = failures.poll();
        if (first != null) {
            failures.forEach(first::addSuppressed);
            throw first;
        }
    }

    private Deque<RuntimeException> all() {
        Deque<RuntimeException> failures = new ArrayDeque<>();
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (RuntimeException failed) { // the edge of one step: the next one must still be taken back
                failures.add(failed);
            }
        }
        return failures;
    }
}
