package dev.redoubt.node.walls.report;

import dev.redoubt.protocol.SandboxId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What is in force for a sandbox at one moment, beside what was asked.
 *
 * @param at when the reading began
 * @param kernel release of the kernel that made the walls
 * @param processes that were looked at, process 1 included
 * @param frozen whether the sandbox's processes are stopped
 * @param events what was noticed since this node has the sandbox, oldest first
 */
public record WallsReport(
        SandboxId sandbox,
        Instant at,
        String driver,
        String kernel,
        String profile,
        boolean sharedKernelAccepted,
        int processes,
        boolean frozen,
        List<WallFindings> walls,
        List<WallsEvent> events) {
    /** Of the JSON document; another number means another meaning. */
    public static final String SCHEMA = "redoubt.walls/1";

    public WallsReport {
        Objects.requireNonNull(sandbox, "sandbox");
        at = at.truncatedTo(ChronoUnit.MILLIS);
        driver = PlainText.of(driver);
        kernel = PlainText.of(kernel);
        profile = PlainText.of(profile);
        walls = List.copyOf(walls);
        events = List.copyOf(events);
    }

    /** The same with what happened. */
    WallsReport with(List<WallsEvent> others) {
        return new WallsReport(
                sandbox, at, driver, kernel, profile, sharedKernelAccepted, processes, frozen, walls, others);
    }

    /** The worst of the walls. */
    public Verdict verdict() {
        return Verdict.worst(walls.stream().map(WallFindings::verdict).toList());
    }

    /** Everything that is not as asked. */
    public List<Finding> worse() {
        return walls.stream().flatMap(wall -> wall.worse().stream()).toList();
    }

    /** One of the walls. */
    public WallFindings of(Wall wall) {
        return walls.stream()
                .filter(findings -> findings.wall() == wall)
                .findFirst()
                .orElseThrow();
    }

    /** As maps, lists, texts, whole numbers and truth values. */
    public Map<String, Object> tree() {
        return Map.ofEntries(
                Map.entry("schema", SCHEMA),
                Map.entry("sandbox", sandbox.value()),
                Map.entry("at", at.toString()),
                Map.entry("driver", driver),
                Map.entry("kernel", kernel),
                Map.entry("profile", profile),
                Map.entry("sharedKernelAccepted", sharedKernelAccepted),
                Map.entry("processes", processes),
                Map.entry("frozen", frozen),
                Map.entry("verdict", verdict().toString()),
                Map.entry("events", events.stream().map(WallsEvent::tree).toList()),
                Map.entry("walls", walls.stream().map(WallFindings::tree).toList()));
    }
}
