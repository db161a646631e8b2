package dev.redoubt.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Takes samples of several subjects in turn (A B A B), each on an idle machine, so that all see the same weather. */
final class Turns {
    private final Quiet quiet;
    private final Samples samples = new Samples();
    private final List<Skipped> skipped = new ArrayList<>();

    Turns(Quiet quiet) {
        this.quiet = quiet;
    }

    /** @param warmUps rounds whose numbers are thrown away: caches, and a compiler that has yet to compile */
    void take(List<Subject> subjects, int warmUps, int rounds) throws IOException, InterruptedException {
        List<Subject> left = new ArrayList<>(subjects);
        for (int round = -warmUps; round < rounds; round++) {
            List<Subject> failed = new ArrayList<>();
            for (Subject subject : left) {
                if (!taken(subject, round >= 0)) {
                    failed.add(subject);
                }
            }
            left.removeAll(failed);
        }
    }

    void skip(String subject, String reason) {
        skipped.add(new Skipped(subject, reason));
    }

    /** A number that is not sampled in turn. */
    void note(String subject, String what, Unit unit, double value) {
        samples.add(subject, what, unit, value, true);
    }

    List<Result> results() {
        return samples.results();
    }

    List<Skipped> skipped() {
        return List.copyOf(skipped);
    }

    private boolean taken(Subject subject, boolean kept) throws IOException, InterruptedException {
        boolean idle = quiet.await();
        try {
            subject.measurement().take((what, unit, value) -> {
                if (kept) {
                    samples.add(subject.name(), what, unit, value, idle);
                }
            });
            return true;
        } catch (PeerFailedException broken) {
            skip(subject.name(), String.valueOf(broken.getMessage()));
            return false;
        }
    }
}
