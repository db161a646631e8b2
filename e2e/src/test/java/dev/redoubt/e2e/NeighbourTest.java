package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Layer D between neighbours: one sandbox at full load on all its limits, the other keeps its share.
 *
 * <p>Both get 0.4 of a processor, so that on two of them neither is short because the machine is; the best of three tries
 * counts, because the machine may be busy with other things for a moment.
 */
class NeighbourTest {
    private static final Cpus SHARE = new Cpus(400);
    private static final int WINDOW_SECONDS = 3;
    private static final int TRIES = 3;

    private static SandboxSpec spec(Limits limits) {
        return new SandboxSpec(
                "busybox", Profile.DEFAULT, limits.withCpus(SHARE), NetworkMode.NONE, false, "sandbox", List.of(), 0);
    }

    @Test
    void aNeighbourAtFullLoadTakesNoShare() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox quiet = node.create(spec(Limits.DEFAULT))) {
            double best = 0;
            for (int i = 0; i < TRIES && best < 0.9; i++) {
                double alone = work(quiet);
                try (Sandbox noisy = node.create(spec(
                        Limits.DEFAULT.withMemory(Size.ofMib(64)).withPids(64).withDisk(Size.ofMib(64))))) {
                    List<GuestJob> load = load(noisy);
                    best = Math.max(best, work(quiet) / alone);
                    load.forEach(GuestJob::close);
                }
            }
            System.out.printf("a neighbour at full load leaves %.0f %% of the fair share%n", 100 * best);
            assertThat(best).isGreaterThanOrEqualTo(0.9);
        }
    }

    /** Every limit at once: processor, processes, memory, disk. */
    private static List<GuestJob> load(Sandbox noisy) {
        List<GuestJob> jobs = new ArrayList<>();
        for (String script : List.of(
                "while true; do :; done",
                "while true; do :; done",
                "f() { f | f & }; f; sleep 60",
                "x=a; while true; do x=$x$x; done",
                "while true; do dd if=/dev/zero of=/home/user/fill bs=1M count=200 2>/dev/null; done")) {
            RunRequest request =
                    RunRequest.exec("sh", "-c", script).withUser("1000").withBoundedOutput();
            jobs.add(noisy.guest().run(request, (job, output) -> job.acknowledge(output.seq())));
        }
        return jobs;
    }

    /** Loops done in a window of time, by a shell that counts. */
    private static double work(Sandbox quiet) throws Exception {
        String script = "end=$(( $(date +%s) + " + WINDOW_SECONDS + " )); n=0; while [ $(date +%s) -lt $end ]; do "
                + "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; n=$((n+1)); done; echo $n";
        Jobs.Result result = Jobs.run(quiet, "1000", "sh", "-c", script);
        return Double.parseDouble(result.text().strip());
    }
}
