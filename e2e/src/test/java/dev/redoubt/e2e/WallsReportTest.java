package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WallsReportTest {
    private static Place place;
    private static Node node;

    @BeforeAll
    static void open() throws IOException {
        place = Place.make();
        node = place.open(place.settings());
    }

    @AfterAll
    static void close() throws IOException {
        node.close();
        place.close();
    }

    @Test
    void first() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            Jobs.run(sandbox, "1000", "true");
            WallsReport r = sandbox.walls().read();
            r.walls().forEach(w -> { System.out.println(w.wall() + " " + w.verdict() + " " + w.summary()); w.worse().forEach(f -> System.out.println("   " + f.words())); });
            for (int i = 0; i < 300; i++) {
                long t = System.nanoTime(); sandbox.walls().read(); long d = System.nanoTime() - t;
                if (i % 20 == 0) System.out.println(d / 1000 + " us");
            }
            assertThat(r.verdict()).isEqualTo(Verdict.AS_ASKED);
        }
    }
}
