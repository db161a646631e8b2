package dev.redoubt.node;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.journal.Owner;
import dev.redoubt.node.launch.Spawner;
import dev.redoubt.node.seccomp.Broker;
import dev.redoubt.protocol.SandboxId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A spawner and the journal of what it runs: the two live and die together.
 *
 * @param survivors sandboxes that an earlier daemon left running
 * @param remains entries of the journal of which nothing runs any more; their parts are to be removed
 * @param highestNumber of all sandboxes that this spawner has ever had
 */
record Household(
        NodeSettings settings,
        RunDirectory run,
        Spawner spawner,
        Owner owner,
        List<Survivor> survivors,
        List<Entry> remains,
        long highestNumber)
        implements AutoCloseable {

    /** A running sandbox: what the journal says of it and what the spawner kept. */
    record Survivor(Entry entry, Instant started, Spawner.Kept kept) {}

    /** Takes over the daemon's living spawner when we are to be its daemon, else starts one. */
    static Household of(NodeSettings settings, DataDirectory data) {
        RunDirectory run = RunDirectory.open(settings.runDirectory());
        try {
            Optional<Household> living = isDaemon(settings)
                    ? Owner.ofDaemon(data).flatMap(owner -> takeOver(settings, run, owner))
                    : Optional.empty();
            return living.isPresent() ? living.get() : start(settings, run, data);
        } catch (IOException failed) {
            throw Problems.wall(failed);
        }
    }

    /** Ends the spawner and the journal; nothing may run any more. */
    @Override
    public void close() {
        spawner.close(); // a spawner that keeps nothing ends with its last node
        owner.end();
        run.remove(owner.name());
    }

    /** A broker for its sandboxes; a daemon's goes on with what an earlier one was answering. */
    Broker startBroker() {
        if (!isDaemon(settings)) {
            return Broker.start();
        }
        Set<Long> alive =
                survivors.stream().map(survivor -> survivor.entry().number()).collect(Collectors.toUnmodifiableSet());
        return Broker.start(run.callsOf(owner.name()), alive);
    }

    /** Lets go of everything and leaves it as it is, for the next daemon. */
    void leave() {
        spawner.close();
    }

    private static boolean isDaemon(NodeSettings settings) {
        return settings.life() == NodeSettings.Life.OUTLIVES_THIS_PROCESS;
    }

    private static Household start(NodeSettings settings, RunDirectory run, DataDirectory data) throws IOException {
        Owner owner = Owner.begin(data, run);
        try {
            return start(settings, run, owner);
        } catch (IOException | RuntimeException failed) { // rethrown: whatever went wrong, nothing was made yet
            owner.end();
            run.remove(owner.name());
            throw failed;
        }
    }

    private static Household start(NodeSettings settings, RunDirectory run, Owner owner) throws IOException {
        Path natives = settings.nativeDirectory();
        String program = settings.switches().off().isEmpty() ? "redoubt-spawner" : "redoubt-spawner-test";
        Spawner spawner = Spawner.start(
                natives.resolve(program),
                natives.resolve("redoubt-guest"),
                run.socketOf(owner.name()),
                owner.lockFile(),
                !isDaemon(settings));
        owner.publish();
        if (isDaemon(settings)) {
            owner.nameDaemon();
        }
        return new Household(settings, run, spawner, owner, List.of(), List.of(), 0);
    }

    /** Empty when that owner's spawner is dead: then the sweep removes what it left. */
    private static Optional<Household> takeOver(NodeSettings settings, RunDirectory run, Owner owner) {
        try {
            return Optional.of(takeOver(settings, run, owner, Spawner.connect(run.socketOf(owner.name()))));
        } catch (LinuxException nobody) {
            if (nobody.errno() == Errno.ENOENT || nobody.errno() == Errno.ECONNREFUSED) {
                return Optional.empty();
            }
            throw nobody;
        }
    }

    private static Household takeOver(NodeSettings settings, RunDirectory run, Owner owner, Spawner spawner) {
        Map<Long, Entry> entries =
                owner.entries().stream().collect(Collectors.toMap(Entry::number, Function.identity()));
        List<Survivor> survivors = new ArrayList<>();
        Set<SandboxId> alive = new HashSet<>();
        long highest =
                entries.keySet().stream().mapToLong(Long::longValue).max().orElse(0);
        for (Spawner.Listed listed : spawner.list()) {
            highest = Math.max(highest, listed.sandbox());
            Entry entry = entries.get(listed.sandbox());
            if (entry != null && listed.state() == Spawner.State.RUNNING) {
                survivors.add(new Survivor(entry, owner.started(entry.id()), spawner.fetch(listed.sandbox())));
                alive.add(entry.id());
            } else {
                // a slot that was waiting, a launch that was under way, or one that ended while nobody looked
                spawner.forget(listed.sandbox());
            }
        }
        List<Entry> remains = entries.values().stream()
                .filter(entry -> !alive.contains(entry.id()))
                .toList();
        return new Household(settings, run, spawner, owner, List.copyOf(survivors), remains, highest);
    }
}
