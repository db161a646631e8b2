package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Waits for the machine to be idle before a sample.
 *
 * <p>Not only for the sake of peace: control groups of version 1 are slow on an idle machine and fast in a tight loop
 * (joining one waits for RCU, which a busy machine passes soon), so a loop back to back would flatter everybody.
 */
final class Quiet {
    private static final Duration WINDOW = Duration.ofMillis(60);
    private static final double IDLE_SHARE = 0.8;
    private static final Path STAT = Path.of("/proc/stat");

    private final Duration most;
    private Duration patience;

    /** @param most how long to wait at most; then the sample is taken and marked as noisy */
    Quiet(Duration most) {
        this.most = most;
        this.patience = most;
    }

    /** Ticks since boot (proc_stat(5)). */
    record Ticks(long idle, long all) {
        static Ticks read() throws IOException {
            try (var lines = Files.lines(STAT)) {
                return parse(lines.findFirst().orElseThrow());
            }
        }

        static Ticks parse(String line) {
            String[] fields = line.strip().split("\\s+");
            long idle = 0;
            long all = 0;
            for (int at = 1; at <= 8; at++) { // user nice system idle iowait irq softirq steal; guest is in user
                long ticks = Long.parseLong(fields[at]);
                all += ticks;
                idle += at == 4 || at == 5 ? ticks : 0;
            }
            return new Ticks(idle, all);
        }

        boolean mostlyIdleUntil(Ticks later) {
            return later.idle - idle > IDLE_SHARE * (later.all - all);
        }
    }

    /**
     * Waits. On a machine that is never idle the wait becomes shorter from time to time, so that it ends some day.
     *
     * @return whether the machine is idle; false when patience ended first
     */
    boolean await() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        do {
            Ticks before = Ticks.read();
            Thread.sleep(WINDOW);
            if (before.mostlyIdleUntil(Ticks.read())) {
                patience = most;
                return true;
            }
        } while (System.nanoTime() < deadline);
        patience = patience.dividedBy(2);
        return false;
    }
}
