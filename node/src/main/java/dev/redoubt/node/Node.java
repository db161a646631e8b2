package dev.redoubt.node;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.MountTree;
import dev.redoubt.node.cgroup.BlockDevices;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.cgroup.Usage;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.disk.DiskException;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.disk.UpperLayer;
import dev.redoubt.node.driver.HostProgram;
import dev.redoubt.node.driver.OciRuntime;
import dev.redoubt.node.guest.GuestLoop;
import dev.redoubt.node.image.ImageException;
import dev.redoubt.node.image.ImageStore;
import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.journal.Owner;
import dev.redoubt.node.journal.Sweep;
import dev.redoubt.node.label.HostLabels;
import dev.redoubt.node.label.LabelException;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.Launcher;
import dev.redoubt.node.launch.Spawner;
import dev.redoubt.node.network.SocketsInside;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.node.seccomp.Broker;
import dev.redoubt.node.seccomp.BrokeredSandbox;
import dev.redoubt.node.seccomp.CallAudit;
import dev.redoubt.node.seccomp.CallLog;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.node.seccomp.Openings;
import dev.redoubt.node.seccomp.SystemFacts;
import dev.redoubt.node.seccomp.Terms;
import dev.redoubt.node.walls.HostFacts;
import dev.redoubt.node.walls.MissingWallException;
import dev.redoubt.node.walls.report.Asked;
import dev.redoubt.node.walls.report.AskedText;
import dev.redoubt.node.walls.report.NodeKey;
import dev.redoubt.node.walls.report.WallsEvent;
import dev.redoubt.node.walls.report.WallsReader;
import dev.redoubt.node.walls.report.WallsWatch;
import dev.redoubt.node.walls.report.WatchedWalls;
import dev.redoubt.policy.profile.ProfileException;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The node library: sandboxes on this host.
 *
 * <p>What a sandbox needs is written to the journal before it is made, so that whatever kills this process, the next start
 * knows what to remove. Any thread may call anything; {@link #create} and {@link Sandbox#close} block for milliseconds.
 */
public final class Node implements AutoCloseable {
    private static final int MOST_FOR_RUNTIMES = 2;
    /** Fact of an entry: the name of what a sandbox was launched with. */
    private static final String WALLS = "walls";

    private final NodeSettings settings;
    private final Set<Sandbox> running = ConcurrentHashMap.newKeySet();
    private final Household household;
    private final Optional<Fd> daemonLock;
    private final Cgroups cgroups;
    private final Disks disks;
    private final Ranges ranges;
    private final ImageStore images;
    private final Confinement confinement;
    private final Selinux selinux;
    private final Broker broker;
    private final Listening brokered;
    private final AtomicLong numbers;
    private final Slots slots;
    private @Nullable Slots runtimeSlots;
    private final List<Device> ioDevices;
    private final List<Sandbox> adopted;
    private final List<String> warnings;
    private final NodeKey key;
    private final Set<WatchedWalls> watched = ConcurrentHashMap.newKeySet();
    private final WallsWatch watch;
    private volatile BiConsumer<SandboxId, WallsEvent> driftListener = (_, _) -> {};
    private final GuestLoop loop = GuestLoop.start();
    private final SocketsInside sockets = new SocketsInside();

    private Node(
            NodeSettings settings, Parts parts, Household household, Optional<Fd> daemonLock, List<String> warnings) {
        this.settings = settings;
        this.warnings = new ArrayList<>(warnings);
        this.household = household;
        this.daemonLock = daemonLock;
        this.cgroups = parts.cgroups();
        this.disks = parts.disks();
        this.ranges = parts.ranges();
        this.images = parts.images();
        this.confinement = new Confinement(HostFacts.read(), parts.labels(), settings.switches());
        this.selinux = parts.labels().selinux();
        this.brokered = settings.switches().withoutBroker() ? new Unasked() : new Brokered();
        this.ioDevices = BlockDevices.below(settings.dataDirectory()).stream().toList();
        this.broker = household.startBroker();
        this.key = new NodeKey(settings.dataDirectory().resolve("node").resolve(NodeKey.FILE));
        this.adopted = household.survivors().stream()
                .flatMap(survivor -> adoptOrEnd(survivor).stream())
                .toList();
        this.numbers = new AtomicLong(household.highestNumber());
        this.slots = slots(
                new Slots.Kind.Native(confinement.slotPlan()),
                outlives() ? Map.of(WALLS, usualWalls()) : Map.of(),
                settings.readySlots());
        this.watch = WallsWatch.start(() -> List.copyOf(watched), this::tell, WallsWatch.EVERY, !adopted.isEmpty());
    }

    private Slots slots(Slots.Kind kind, Map<String, String> facts, int ahead) {
        return new Slots(household, numbers, cgroups, disks, ranges, settings.switches(), kind, facts, selinux, ahead);
    }

    /** Slots for OCI runtimes; none is kept ready before the first is asked for, which most nodes never do. */
    private synchronized Slots runtimeSlots() {
        if (runtimeSlots == null) {
            int ahead = Math.min(settings.readySlots(), MOST_FOR_RUNTIMES);
            runtimeSlots = slots(new Slots.Kind.ForRuntime(), Map.of(), ahead);
        }
        return runtimeSlots;
    }

    private synchronized void closeSlots() {
        slots.close();
        if (runtimeSlots != null) {
            runtimeSlots.close();
        }
    }

    private boolean outlives() {
        return settings.life() == NodeSettings.Life.OUTLIVES_THIS_PROCESS;
    }

    /** What most sandboxes are launched with: their entries say so before anybody asks for them. */
    private String usualWalls() {
        SandboxSpec usual = SandboxSpec.of("any");
        Asked asked = confinement
                .compile(usual, brokered.filter(usual), 1, List.of())
                .asked()
                .get();
        return household.owner().keep(AskedText.of(asked));
    }

    private void tell(SandboxId id, WallsEvent event) {
        driftListener.accept(id, event);
    }

    /** Who is told, by a thread of ours, when a wall of a running sandbox becomes weaker than asked. */
    public void onDrift(BiConsumer<SandboxId, WallsEvent> listener) {
        driftListener = listener;
    }

    /** What signs reports; made at its first use. */
    public NodeKey key() {
        return key;
    }

    /** What is shared by every node of one data directory. */
    private record Parts(Cgroups cgroups, Disks disks, Ranges ranges, ImageStore images, HostLabels labels) {}

    /**
     * Opens the node of a data directory: sweeps what dead ones left, starts a spawner or takes over the living one.
     *
     * @throws Problem CONFLICT for a second daemon, before anything of the first is touched; WALL_UNAVAILABLE, UNPROCESSABLE
     *     or STORAGE_FULL, saying what to do
     */
    public static Node open(NodeSettings settings) {
        try {
            DataDirectory data = DataDirectory.open(settings.dataDirectory());
            Optional<Fd> lock = settings.life() == NodeSettings.Life.OUTLIVES_THIS_PROCESS
                    ? Optional.of(Owner.lockDaemon(data))
                    : Optional.empty();
            try {
                return open(settings, data, lock);
            } catch (RuntimeException failed) { // rethrown: the next daemon may have more luck
                lock.ifPresent(Fd::close);
                throw failed;
            }
        } catch (DirectoryException
                | DiskException
                | CgroupException
                | MissingWallException
                | LabelException
                | ImageException
                | LinuxException
                | UncheckedIOException why) {
            throw Problems.of(why);
        }
    }

    private static Node open(NodeSettings settings, DataDirectory data, Optional<Fd> daemonLock) {
        Parts parts = new Parts(
                Cgroups.detect(), Disks.open(data), Ranges.open(data), openImages(settings, data), HostLabels.loaded());
        Sweep sweep = new Sweep(parts.cgroups(), parts.disks(), parts.images(), parts.ranges());
        List<String> resisted = sweep.run(data).problems();
        Household household = Household.of(settings, data);
        try {
            sweep.removeAllBut(
                    household.owner().name(),
                    household.survivors().stream()
                            .map(Household.Survivor::entry)
                            .toList());
            household.remains().forEach(entry -> household.owner().remove(entry.id()));
            return new Node(settings, parts, household, daemonLock, resisted);
        } catch (
                RuntimeException
                        failed) { // rethrown: a spawner that runs nothing goes, one that does waits for the next
            if (household.survivors().isEmpty()) {
                household.close();
            } else {
                household.leave();
            }
            throw failed;
        }
    }

    /**
     * A sandbox with its walls up and its guest ready.
     *
     * @throws Problem NOT_FOUND for an image that is not here, WALL_UNAVAILABLE naming the wall that this host could not build, UNPROCESSABLE for what is not
     *     built yet, STORAGE_FULL; nothing is left of it
     */
    public Sandbox create(SandboxSpec spec) {
        return build(spec, brokered, _ -> {});
    }

    /** A sandbox that is as confined as any other, and whose calls and writing are recorded. */
    public record Audited(Sandbox sandbox, CallAudit calls, UpperLayer root) {}

    /**
     * A sandbox of this process, to learn what its jobs call.
     *
     * @throws Problem as {@link #create}; UNPROCESSABLE too where the profile hides files by patterns, because then the
     *     broker has to open them
     */
    public Audited audit(SandboxSpec spec) {
        if (!spec.files().patterns().isEmpty() || settings.life() != NodeSettings.Life.WITH_THIS_PROCESS) {
            throw new Problem(
                    ProblemCode.UNPROCESSABLE,
                    "a sandbox that needs the broker, for its patterns or a daemon's, has no audit");
        }
        if (spec.driver() != Driver.NATIVE) { // crun's guest would wait in the filter for an audit that has not begun
            throw new Problem(ProblemCode.UNPROCESSABLE, "only sandboxes of the native driver have an audit");
        }
        Auditing auditing = new Auditing();
        Sandbox sandbox = build(spec, auditing, slot -> auditing.disk = slot.disk());
        return new Audited(
                sandbox,
                Objects.requireNonNull(auditing.audit),
                new UpperLayer(
                        Objects.requireNonNull(auditing.disk).disk(),
                        images.resolve(spec.image()).layerDirectories()));
    }

    /** Who is asked about calls: that decides about what the filter asks. */
    private interface Listening {
        Filter filter(SandboxSpec spec);

        /** Takes the listener over, until {@code undo}. */
        CallLog begin(long number, Fd listener, Fd pidfd, Terms terms, Undo undo);
    }

    private final class Brokered implements Listening {
        @Override
        public Filter filter(SandboxSpec spec) {
            return Filter.of(spec.profile().calls(), !spec.files().patterns().isEmpty());
        }

        @Override
        public CallLog begin(long number, Fd listener, Fd pidfd, Terms terms, Undo undo) {
            BrokeredSandbox sandbox = broker.answer(number, listener, pidfd, terms);
            undo.add(sandbox::close);
            return sandbox.log();
        }
    }

    private static final class Unasked implements Listening {
        @Override
        public Filter filter(SandboxSpec spec) {
            return Filter.ofUnasked(spec.profile().calls());
        }

        @Override
        public CallLog begin(long number, Fd listener, Fd pidfd, Terms terms, Undo undo) {
            throw new IllegalStateException("a filter that asks nobody has a listener");
        }
    }

    private static final class Auditing implements Listening {
        private @Nullable CallAudit audit;
        private Slots.@Nullable EmptyDisk disk;

        @Override
        public Filter filter(SandboxSpec spec) {
            return Filter.audited(spec.profile().calls());
        }

        @Override
        public CallLog begin(long number, Fd listener, Fd pidfd, Terms terms, Undo undo) {
            CallAudit started = CallAudit.start(listener, pidfd, terms);
            undo.add(started::close);
            audit = started;
            return CallLog.empty();
        }
    }

    private Sandbox build(SandboxSpec spec, Listening listening, Consumer<Slots.Slot> taken) {
        confinement.obstacles(spec).stream().findFirst().ifPresent(obstacle -> {
            throw obstacle.problem();
        });
        try {
            household.spawner().checkAlive();
            Slots.Slot slot = (spec.driver() == Driver.NATIVE ? slots : runtimeSlots()).take();
            Undo undo = slot.undo();
            try {
                Sandbox sandbox = launch(slot, spec, listening);
                taken.accept(slot);
                running.add(sandbox);
                undo.addLast(() -> running.remove(sandbox));
                return sandbox;
            } catch (RuntimeException failed) { // rethrown: whatever went wrong, what was made goes away first
                undo.because(failed);
                throw failed;
            }
        } catch (LaunchException
                | DiskException
                | CgroupException
                | MissingWallException
                | ImageException
                | LinuxException why) {
            throw Problems.of(why);
        }
    }

    /** All that run now. */
    public List<Sandbox> sandboxes() {
        return List.copyOf(running);
    }

    /** Sandboxes of an earlier daemon that run on; each is the caller's from now on. */
    public List<Sandbox> adopted() {
        return List.copyOf(adopted);
    }

    /** What went wrong while it was opened and did not keep it from that. */
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    public ImageStore images() {
        return images;
    }

    /**
     * The image store of a data directory, without a node; for an archive to be unpacked it builds sandboxes by itself.
     * What dead owners left is swept as when a node opens: one of them may have been unpacking.
     *
     * @throws DirectoryException when the data directory cannot be used
     * @throws ImageException when the store cannot
     */
    public static ImageStore openImages(NodeSettings settings) {
        DataDirectory data = DataDirectory.open(settings.dataDirectory());
        ImageStore images = openImages(settings, data);
        // Once more when something was swept: only now nobody writes in what a dead one was unpacking.
        return isSwept(data, images) ? openImages(settings, data) : images;
    }

    /** What cannot be removed now falls to the next, and is no reason to refuse anybody an image. */
    private static boolean isSwept(DataDirectory data, ImageStore images) {
        try {
            return Sweep.isDue(data) && sweep(data, images);
        } catch (CgroupException | DiskException | LinuxException | Problem | UncheckedIOException cannot) {
            return false;
        }
    }

    private static boolean sweep(DataDirectory data, ImageStore images) {
        try (Disks disks = Disks.open(data)) {
            Sweep sweep = new Sweep(Cgroups.detect(), disks, images, Ranges.open(data));
            return !sweep.run(data).removed().isEmpty();
        }
    }

    private static void labelLayers(Selinux.Usable selinux, Path directory) {
        try {
            selinux.labelLayers(directory);
        } catch (LabelException refused) {
            throw new ImageException(ImageException.Reason.HOST_LACKS, String.valueOf(refused.getMessage()), refused);
        }
    }

    private static ImageStore openImages(NodeSettings settings, DataDirectory data) {
        if (Selinux.isEnforcing() && Selinux.ofHost() instanceof Selinux.Usable selinux) {
            labelLayers(selinux, data.nodeDirectory("images"));
        }
        return ImageStore.open(
                data.node().resolve("images"), settings.shortNames(), order -> BareSandboxes.launch(settings, order));
    }

    /** Whether this host has the program of a driver; the native one has none. */
    public static boolean isInstalled(Driver driver) {
        return OciRuntime.of(driver)
                .map(runtime -> HostProgram.find(runtime.program()).isPresent())
                .orElse(true);
    }

    /** Where this node has its sockets. */
    public RunDirectory runDirectory() {
        return household.run();
    }

    /** How the disk limit is held here, for people. */
    public String diskMechanism() {
        return disks.mechanism().toString();
    }

    /** Ends this node: every sandbox of a library ends, those of a daemon run on for the next one. Nothing else stays. */
    @Override
    public void close() {
        watch.close();
        closeSlots();
        if (settings.life() == NodeSettings.Life.WITH_THIS_PROCESS) {
            List.copyOf(running).forEach(Sandbox::close);
        }
        if (running.isEmpty()) {
            household.close();
        } else {
            household.leave();
        }
        broker.close();
        loop.close();
        sockets.close();
        disks.close();
        daemonLock.ifPresent(Fd::close);
    }

    private Sandbox launch(Slots.Slot slot, SandboxSpec spec, Listening listening) {
        Undo undo = slot.undo();
        String user = slot.entry().resources();
        List<Path> layers = images.use(spec.image(), user);
        undo.addLast(() -> images.release(user));
        Fd disk = limit(slot, spec.limits());
        try (Mounting mounting = Mounting.open(spec)) {
            return launch(slot, spec, listening, layers, disk, mounting);
        }
    }

    private Sandbox launch(
            Slots.Slot slot, SandboxSpec spec, Listening listening, List<Path> layers, Fd disk, Mounting mounting) {
        List<Fd> mounts = new ArrayList<>();
        try {
            layers.forEach(layer -> mounts.add(MountTree.cloneOf(layer.toString())));
            mounts.add(disk);
            mounting.addTrees(mounts);
            List<LaunchSpec.Bind> binds = mounting.binds(layers.size() + 1);
            Optional<OciRuntime> runtime = OciRuntime.of(spec.driver());
            return runtime.isPresent()
                    ? launchBy(runtime.get(), slot, spec, listening, layers.size(), binds, mounts)
                    : launch(slot, spec, listening, layers.size(), binds, mounts);
        } finally {
            mounts.forEach(Fd::close);
        }
    }

    private Sandbox launch(
            Slots.Slot slot,
            SandboxSpec spec,
            Listening listening,
            int layers,
            List<LaunchSpec.Bind> binds,
            List<Fd> mounts) {
        Confinement.Compiled compiled = confinement.compile(spec, listening.filter(spec), layers, binds);
        Remembered remembered = Remembered.of(spec);
        remember(slot.entry(), remembered, compiled.asked());
        Launcher.Launched launched =
                slot.launcher().launch(compiled.launch(), confinement.filesOfOne(), numbers(mounts));
        Sandbox sandbox = sandbox(slot, remembered, launched.listener(), listening, compiled.asked());
        watch(sandbox, slot.undo());
        return sandbox;
    }

    private Sandbox launchBy(
            OciRuntime runtime,
            Slots.Slot slot,
            SandboxSpec spec,
            Listening listening,
            int layers,
            List<LaunchSpec.Bind> binds,
            List<Fd> mounts) {
        HostProgram program = HostProgram.find(runtime.program())
                .orElseThrow(() -> new MissingWallException(spec.driver().toString(), runtime.program() + " is gone"));
        Confinement.Compiled compiled = confinement.compile(
                runtime,
                program,
                spec,
                listening.filter(spec),
                layers,
                binds,
                slot.entry().range());
        Remembered remembered = Remembered.of(spec);
        remember(slot.entry(), remembered, compiled.asked());
        program.addTrees(mounts);
        Launcher.Launched launched = slot.launcher().launch(compiled.launch(), List.of(), numbers(mounts));
        Slots.Slot started = slot.withGuest(Fd.owned(launched.guest()));
        Sandbox sandbox = sandbox(started, remembered, launched.listener(), listening, compiled.asked());
        watch(sandbox, slot.undo());
        return sandbox;
    }

    private static int[] numbers(List<Fd> descriptors) {
        return descriptors.stream().mapToInt(Fd::number).toArray();
    }

    /** For the next daemon; nobody takes a library's over. The entry is there since the slot was made. */
    private void remember(Entry entry, Remembered remembered, Supplier<Asked> asked) {
        if (!outlives()) {
            return;
        }
        Map<String, String> facts = new TreeMap<>(remembered.facts());
        facts.put(WALLS, household.owner().keep(AskedText.of(asked.get())));
        if (entry.facts().equals(facts)) {
            household.owner().startsNow(entry.id());
        } else {
            household.owner().write(entry.with(facts));
        }
    }

    /** @return a mount of the disk: of the slot's, or of one of the size that is wanted */
    private Fd limit(Slots.Slot slot, Limits limits) {
        slots.limit(slot, limits, ioDevices);
        Slots.EmptyDisk disk = Objects.requireNonNull(slot.disk());
        if (!limits.disk().equals(Limits.DEFAULT.disk()) || limits.inodes() != Limits.DEFAULT.inodes()) {
            disk.replace(limits);
        }
        return disk.mount();
    }

    private Sandbox sandbox(
            Slots.Slot slot, Remembered remembered, int listener, Listening listening, Supplier<Asked> asked) {
        Terms terms = terms(remembered, slot.entry().range(), slot.cgroup());
        CallLog calls =
                listened(listening, slot.number(), listener, slot.handles().pidfd(), terms, slot.undo());
        SandboxCgroup cgroup = slot.cgroup();
        slot.undo().add(() -> killFrozen(cgroup));
        return new Sandbox(
                slot.id(),
                remembered,
                slot.handles(),
                cgroup,
                calls,
                walls(slot.entry(), slot.handles(), cgroup, asked),
                loop,
                sockets,
                slot.undo(),
                false);
    }

    /** What is stopped does not end when it is told to, with version 1 of control groups: only its group can end it. */
    private static void killFrozen(SandboxCgroup cgroup) {
        if (cgroup.isFrozen()) {
            cgroup.kill();
        }
    }

    private static WatchedWalls walls(
            Entry entry, Sandbox.Handles handles, SandboxCgroup cgroup, Supplier<Asked> asked) {
        return new WatchedWalls(
                entry.id(),
                cgroup,
                () -> new WallsReader(
                        entry.id(), entry.range(), cgroup, handles.pidfd(), handles.networkNamespace(), asked.get()));
    }

    /** As the journal has it. */
    private Asked asked(Entry entry) {
        return Optional.ofNullable(entry.facts().get(WALLS))
                .flatMap(household.owner()::kept)
                .map(AskedText::parse)
                .orElseGet(() -> unrecorded(entry));
    }

    private static Asked unrecorded(Entry entry) {
        throw new Problem(
                ProblemCode.UNPROCESSABLE,
                "what was asked for " + entry.id()
                        + " was not recorded, so its walls have nothing to be compared with: it was"
                        + " launched by another version");
    }

    /** Looked at every few seconds, as long as it runs. */
    private void watch(Sandbox sandbox, Undo undo) {
        watched.add(sandbox.walls());
        undo.addLast(() -> watched.remove(sandbox.walls()));
    }

    /** There is no listener only where the test build of the spawner left the filter away. */
    private static CallLog listened(Listening listening, long number, int listener, Fd pidfd, Terms terms, Undo undo) {
        return listener < 0 ? CallLog.empty() : listening.begin(number, Fd.owned(listener), pidfd, terms, undo);
    }

    /** What the broker holds a sandbox to. */
    private Terms terms(Remembered of, IdRange ids, SandboxCgroup cgroup) {
        Optional<Openings> openings = of.patterns().isEmpty()
                ? Optional.empty()
                : Optional.of(new Openings(of.patterns(), confinement.landlock(of.readOnly(), of.writable()), ids));
        return new Terms(of.calls(), openings, () -> {
            Usage usage = cgroup.usage();
            Duration uptime = Duration.between(of.started(), Instant.now());
            return new SystemFacts(of.memory(), usage.memory(), uptime, usage.pids());
        });
    }

    /** One that nobody can take over, because its journal entry makes no sense, is ended: nobody could answer its calls. */
    private Optional<Sandbox> adoptOrEnd(Household.Survivor survivor) {
        Entry entry = survivor.entry();
        Undo undo = removalOf(entry);
        undo.add(() -> household.spawner().forget(entry.number()));
        try {
            return Optional.of(adopt(survivor, undo));
        } catch (IllegalArgumentException | ProfileException | LinuxException | CgroupException unfit) {
            undo.because(unfit);
            warnings.add(
                    "sandbox " + entry.id() + " was ended, since it could not be taken over: " + unfit.getMessage());
            return Optional.empty();
        }
    }

    private Sandbox adopt(Household.Survivor survivor, Undo undo) {
        Entry entry = survivor.entry();
        Spawner.Kept kept = survivor.kept();
        Sandbox.Handles handles = Sandbox.Handles.owned(kept.channel(), kept.pidfd(), kept.networkNamespace());
        undo.add(handles::close);
        Remembered remembered = Remembered.of(entry, survivor.started());
        SandboxCgroup cgroup = cgroups.existing(entry.resources());
        Terms terms = terms(remembered, entry.range(), cgroup);
        CallLog calls = listened(brokered, entry.number(), kept.listener(), handles.pidfd(), terms, undo);
        undo.add(() -> killFrozen(cgroup));
        WatchedWalls walls = walls(entry, handles, cgroup, () -> asked(entry));
        Sandbox sandbox = new Sandbox(entry.id(), remembered, handles, cgroup, calls, walls, loop, sockets, undo, true);
        if (entry.facts().containsKey(WALLS)) {
            watch(sandbox, undo);
        }
        running.add(sandbox);
        undo.addLast(() -> running.remove(sandbox));
        return sandbox;
    }

    /** How to remove what an entry of the journal names, in the order in which it can be removed. */
    private Undo removalOf(Entry entry) {
        Undo undo = new Undo();
        undo.add(() -> household.owner().remove(entry.id()));
        undo.add(() -> ranges.release(household.owner().name(), entry.range()));
        undo.add(() -> images.release(entry.resources()));
        undo.add(() -> disks.destroy(entry.resources()));
        undo.add(() -> cgroups.existing(entry.resources()).remove());
        undo.add(() -> cgroups.existing(entry.resources()).kill()); // what an OCI runtime had beside the guest
        return undo;
    }
}
