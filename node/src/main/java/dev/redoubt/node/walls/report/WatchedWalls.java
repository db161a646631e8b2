package dev.redoubt.node.walls.report;

import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.protocol.Profile.OnDrift;
import dev.redoubt.protocol.SandboxId;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The walls of one running sandbox: read when somebody asks, and again and again by {@link WallsWatch}. */
public final class WatchedWalls {
    private static final int MOST_EVENTS = 32;

    private final SandboxId id;
    private final SandboxCgroup group;
    private final Supplier<WallsReader> start;
    private final Deque<WallsEvent> events = new ArrayDeque<>();
    private final Object reading = new Object();
    private boolean ended;
    private @Nullable WallsReader reader;
    private Set<Finding> known = Set.of();
    private volatile @Nullable Verdict latest;

    /** @param start makes the reader, when somebody reads: most sandboxes end before */
    public WatchedWalls(SandboxId id, SandboxCgroup group, Supplier<WallsReader> start) {
        this.id = id;
        this.group = group;
        this.start = start;
    }

    public SandboxId id() {
        return id;
    }

    private synchronized WallsReader reader() {
        if (reader == null) {
            reader = start.get();
        }
        return reader;
    }

    /**
     * What is in force now, with what happened until now.
     *
     * @throws WallsReader.GoneException when the sandbox has ended
     */
    public WallsReport read() {
        synchronized (reading) {
            WallsReport report = readNow();
            return report.with(events());
        }
    }

    private WallsReport readNow() {
        if (ended) {
            throw new WallsReader.GoneException();
        }
        WallsReport report = reader().read();
        latest = report.verdict();
        return report;
    }

    /** Nobody reads any more when this returns: the descriptors that are read by may be closed. */
    public void end() {
        synchronized (reading) {
            ended = true;
        }
    }

    /** What the last look found; empty before the first. */
    public Optional<Verdict> latest() {
        return Optional.ofNullable(latest);
    }

    /** The latest events, oldest first. */
    public synchronized List<WallsEvent> events() {
        return List.copyOf(events);
    }

    /** Looks, and does what the profile says when a wall has become weaker. @return what happened */
    List<WallsEvent> look() {
        synchronized (reading) {
            return ended ? List.of() : lookNow();
        }
    }

    /** Not a drift: too few descriptors, say, are no reason to stop anybody. But what was known is known no more. */
    List<WallsEvent> notRead(String why) {
        boolean known = latest != Verdict.WEAKER;
        latest = Verdict.WEAKER;
        WallsEvent event = new WallsEvent(Instant.now(), WallsEvent.Kind.NOT_READ, List.of(why));
        if (known) {
            note(event);
        }
        return known ? List.of(event) : List.of();
    }

    private List<WallsEvent> lookNow() {
        thawWhatWasKilled();
        WallsReport report = readNow();
        Set<Finding> worse = new HashSet<>(report.worse());
        List<String> fresh = report.worse().stream()
                .filter(finding -> !known.contains(finding))
                .map(Finding::words)
                .toList();
        List<WallsEvent> happened = new ArrayList<>();
        if (!fresh.isEmpty()) {
            happened.add(new WallsEvent(report.at(), WallsEvent.Kind.DRIFTED, fresh));
            if (reader().asked().onDrift() == OnDrift.FREEZE) {
                happened.add(freeze());
            }
        } else if (worse.isEmpty() && !known.isEmpty()) {
            happened.add(new WallsEvent(report.at(), WallsEvent.Kind.MENDED, List.of()));
        }
        known = worse;
        happened.forEach(this::note);
        return happened;
    }

    private WallsEvent freeze() {
        try {
            group.freeze();
            return new WallsEvent(Instant.now(), WallsEvent.Kind.FROZEN, List.of());
        } catch (CgroupException refused) {
            return new WallsEvent(
                    Instant.now(), WallsEvent.Kind.NOT_FROZEN, List.of(String.valueOf(refused.getMessage())));
        }
    }

    /**
     * With version 1 of control groups a stopped process takes even its end only when it may run again. Whoever sends one - the
     * spawner at the end of a sandbox's life, the kernel at the end of the spawner's - need not know.
     */
    private void thawWhatWasKilled() {
        if (group.isFrozen() && reader().isKilled()) {
            group.thaw();
            note(new WallsEvent(Instant.now(), WallsEvent.Kind.THAWED, List.of("process 1 was killed meanwhile")));
        }
    }

    private synchronized void note(WallsEvent event) {
        if (events.size() == MOST_EVENTS) {
            events.removeFirst();
        }
        events.addLast(event);
    }
}
