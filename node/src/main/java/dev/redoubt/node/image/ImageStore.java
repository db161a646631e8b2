package dev.redoubt.node.image;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.image.Assembly.Description;
import dev.redoubt.node.image.Assembly.Tree;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The images of this machine. Any number of processes may have the same store open; every change is all or nothing, and
 * what a killed process left is removed when the next one opens the store.
 *
 * <p>Every method throws {@link ImageException} and nothing else.
 */
public final class ImageStore {

    private final StoreDirectory store;
    private final Catalogue catalogue;
    /** Where the layers of an image are: as unchanging as its digest. */
    private final Map<Digest, List<Path>> places = new ConcurrentHashMap<>();

    private final Layers layers;
    private final UnpackSandboxes sandboxes;
    private final Limits limits;
    private final ShortNames shortNames;

    private ImageStore(StoreDirectory store, UnpackSandboxes sandboxes, Limits limits, ShortNames shortNames) {
        this.store = store;
        this.catalogue = new Catalogue(store);
        this.layers = new Layers(store);
        this.sandboxes = sandboxes;
        this.limits = limits;
        this.shortNames = shortNames;
    }

    /**
     * Opens the store, makes it if it is not there, and sweeps.
     *
     * @param directory {@code node/images} of the data directory
     * @param node builds the sandboxes that strangers' archives are taken apart in; asked only then
     */
    public static ImageStore open(
            Path directory, ShortNames shortNames, Function<BareSandbox.Order, BareSandbox> node) {
        return open(directory, shortNames, UnpackSandboxes.of(node), Limits.DEFAULT);
    }

    static ImageStore open(Path directory, ShortNames shortNames, UnpackSandboxes sandboxes, Limits limits) {
        return guard(() -> {
            StoreDirectory store = StoreDirectory.make(directory.toAbsolutePath());
            ImageStore opened = new ImageStore(store, sandboxes, limits, shortNames);
            if (Workspace.sweep(store)) {
                opened.collector().collect();
            }
            return opened;
        });
    }

    /** The image of that name, digest, or beginning of a digest (12 digits or more). */
    public Image resolve(String nameOrDigest) {
        return guard(() -> image(find(nameOrDigest)));
    }

    /**
     * Resolves, and keeps the image from being removed until {@link #release}.
     *
     * @param owner who to release it for; an owner uses one image
     * @return the directories of its layers, from the top to the bottom
     */
    public List<Path> use(String nameOrDigest, String owner) {
        return guard(() -> store.shared(() -> {
            Digest digest = digest(nameOrDigest).orElseThrow(() -> notHere(nameOrDigest));
            List<Path> directories = places.computeIfAbsent(digest, this::directories);
            catalogue.use(digest, owner);
            return directories;
        }));
    }

    private List<Path> directories(Digest digest) {
        return catalogue.find(digest).orElseThrow(() -> notHere(digest.toString())).layers().stream()
                .map(part -> layers.directory(part.key()))
                .toList();
    }

    /** The owner is gone. Does nothing when it used none. */
    public void release(String owner) {
        guard(() -> {
            catalogue.release(owner);
            return owner;
        });
    }

    /** Everyone who uses an image, those whose process was killed before it could release included. */
    public Set<String> users() {
        return guard(() -> catalogue.uses().keySet());
    }

    /** Every image that has a name or a user, by name; but for those that are {@link #unreadable}. */
    public List<Image> list() {
        return guard(() -> {
            Set<Digest> wanted = new HashSet<>(catalogue.names().values());
            wanted.addAll(catalogue.uses().values());
            return wanted.stream()
                    .map(catalogue::readable)
                    .flatMap(Optional::stream)
                    .map(this::image)
                    .sorted(Comparator.comparing((Image image) -> String.join(" ", image.names()))
                            .thenComparing(image -> image.digest().hex()))
                    .toList();
        });
    }

    /**
     * What is damaged here or was written by another version, sorted: names, or digits where no name is known. Each is
     * something to {@link #remove}; until then no image and no layer that it could mean is collected.
     */
    public List<String> unreadable() {
        return guard(() -> {
            Set<String> found = new TreeSet<>(catalogue.strangers().keySet());
            for (Digest image : catalogue.images()) {
                if (catalogue.isUnreadable(image)) {
                    List<String> names = names(image);
                    found.addAll(names.isEmpty() ? List.of(image.hex()) : names);
                }
            }
            return List.copyOf(found);
        });
    }

    /**
     * Takes a name away, and the image with its last name; a digest takes all names. Layers go with the last image that
     * has them.
     *
     * @throws ImageException with {@code IN_USE} when a sandbox runs on it and this is the last name
     */
    public void remove(String nameOrDigest) {
        guard(() -> {
            store.exclusive(() -> unname(nameOrDigest));
            collector().collect();
            return nameOrDigest;
        });
    }

    /** Asks for no record: what cannot be read can be removed too. */
    private String unname(String nameOrDigest) {
        Optional<Path> stranger = byName(nameOrDigest, catalogue::stranger);
        if (stranger.isPresent()) {
            catalogue.discard(stranger.get());
            return nameOrDigest;
        }
        Digest image = digest(nameOrDigest).orElseThrow(() -> notHere(nameOrDigest));
        List<String> all = names(image);
        Optional<String> one = storedName(nameOrDigest);
        List<String> going = one.isPresent() ? List.of(one.get()) : all;
        Set<String> users = collector().users(image);
        if (!users.isEmpty() && going.size() == all.size()) {
            throw new ImageException(Reason.IN_USE, nameOrDigest + " is used by " + String.join(", ", users));
        }
        going.forEach(catalogue::unname);
        return nameOrDigest;
    }

    private Collector collector() {
        return new Collector(store, catalogue, layers);
    }

    /**
     * Takes a file (or "-" like stream, see the other method) or an OCI layout directory.
     *
     * @param name under which it can be found
     */
    public Image importArchive(Path archive, String name, Consumer<ImageEvent> progress) {
        return guard(() -> {
            if (Files.isDirectory(archive)) {
                return imported(name, progress, importer -> importer.layoutDirectory(archive, name));
            }
            try (InputStream in = opened(archive)) {
                return importArchive(in, name, progress);
            }
        });
    }

    private static InputStream opened(Path archive) throws IOException {
        try {
            return Files.newInputStream(archive);
        } catch (NoSuchFileException missing) {
            throw new ImageException(Reason.NOT_FOUND, "there is no file " + archive + " to import", missing);
        } catch (AccessDeniedException refused) {
            throw new ImageException(Reason.BAD_IMAGE, "the file " + archive + " may not be read", refused);
        }
    }

    /** Takes a plain, gzip or zstd tar: a root file system, a docker-archive, or an OCI layout. */
    public Image importArchive(InputStream archive, String name, Consumer<ImageEvent> progress) {
        return guard(() -> imported(name, progress, importer -> importer.archive(archive, name)));
    }

    private interface ImportStep {
        ImageRecord take(Importer importer) throws IOException;
    }

    private Image imported(String name, Consumer<ImageEvent> progress, ImportStep step) throws IOException {
        Reference.requireLocalName(name);
        return whole(progress, assembly -> step.take(new Importer(assembly, Platform.host(), limits)));
    }

    private interface AssemblyStep {
        ImageRecord take(Assembly assembly) throws IOException;
    }

    /** All or nothing: what became visible of an image that is refused in the end is collected at once. */
    private Image whole(Consumer<ImageEvent> progress, AssemblyStep step) throws IOException {
        try {
            return assembled(progress, step);
        } catch (ImageException refused) {
            // After a broken connection the layers stay for whoever tries again.
            if (refused.reason() != Reason.REGISTRY) {
                collector().collect();
            }
            throw refused;
        }
    }

    private Image assembled(Consumer<ImageEvent> progress, AssemblyStep step) throws IOException {
        try (Workspace workspace = Workspace.create(store)) {
            return ready(step.take(new Assembly(store, workspace, sandboxes, progress)), progress);
        }
    }

    /**
     * Where an image is in a registry: {@code [host[:port]/]repository[:tag][@digest]}.
     *
     * @throws ImageException with {@code BAD_NAME}
     */
    public Reference reference(String text) {
        return Reference.parse(text, shortNames);
    }

    /** Takes an image from a registry, also when it is here already under that name: the name may mean another now. */
    public Image pull(Reference reference, PullOptions options, Consumer<ImageEvent> progress) {
        return guard(() -> {
            try (RegistryClient registry = new RegistryClient(reference, options)) {
                return whole(
                        progress,
                        assembly -> new Puller(
                                        registry, reference, options.platform(), store, assembly, limits, progress)
                                .pull());
            }
        });
    }

    /** Makes the busybox image if it is not there or the host's busybox has changed; well under a second. */
    public Image ensureBuiltIn(String name) {
        return guard(() -> {
            if (!name.equals(Busybox.NAME)) {
                throw new ImageException(Reason.NOT_FOUND, "there is no built-in image " + name);
            }
            Path binary = Busybox.binary();
            Instant made = Busybox.made(binary);
            Predicate<ImageRecord> current = image -> image.created().equals(made);
            Optional<Image> present = present(Busybox.NAME, current);
            return present.isPresent() ? present.get() : makeBusybox(binary, made, current);
        });
    }

    private Image makeBusybox(Path binary, Instant made, Predicate<ImageRecord> current) throws IOException {
        try (var _ = store.making(Busybox.NAME, event -> {});
                Workspace workspace = Workspace.create(store)) {
            Optional<Image> present = present(Busybox.NAME, current);
            if (present.isPresent()) {
                return present.get();
            }
            Assembly assembly = new Assembly(store, workspace, sandboxes, event -> {});
            assembly.add(assembly.unpackOwn(Busybox.archive(binary)));
            Description description = new Description(Busybox.config(), Platform.host(), made, "built in: " + binary);
            return image(finishOwn(assembly, Busybox.NAME, description));
        }
    }

    /**
     * Makes the base image if it is not there, or its recipe or our files in it have changed: minutes the first time,
     * no time when only our files changed.
     *
     * @param extras files on top of Debian
     */
    public Image ensureBase(List<ExtraFile> extras, Consumer<ImageEvent> progress) {
        return ensureBase(List.of(), extras, progress);
    }

    Image ensureBase(List<String> packages, List<ExtraFile> extras, Consumer<ImageEvent> progress) {
        return guard(() -> {
            String recipe = BaseImage.recipe(packages);
            byte[] ours = BaseImage.extras(extras);
            Predicate<ImageRecord> current = image -> image.source().equals(recipe)
                    && image.layers().getFirst().diffId().equals(Digest.of(ours));
            Optional<Image> present = present(BaseImage.NAME, current);
            if (present.isPresent()) {
                return present.get();
            }
            try (var _ = store.making("the base image", progress);
                    Workspace workspace = Workspace.create(store)) {
                Optional<Image> other = present(BaseImage.NAME, current);
                return other.isPresent() ? other.get() : makeBase(workspace, packages, recipe, ours, progress);
            }
        });
    }

    private Image makeBase(
            Workspace workspace, List<String> packages, String recipe, byte[] ours, Consumer<ImageEvent> progress)
            throws IOException {
        Assembly assembly = new Assembly(store, workspace, sandboxes, progress);
        Optional<Digest> debian = own(BaseImage.NAME)
                .filter(image -> image.source().equals(recipe))
                .map(image -> image.layers().getLast().diffId());
        if (debian.isEmpty() || !assembly.addPresent(debian.get())) {
            try (BaseBuild build = BaseBuild.start(packages, workspace.directory("build"), progress)) {
                Tree tree = unpackBuild(assembly, build);
                assembly.add(tree);
            }
        }
        assembly.add(assembly.unpackOwn(ours));
        Description description = new Description(BaseImage.config(), Platform.host(), Instant.now(), recipe);
        return ready(finishOwn(assembly, BaseImage.NAME, description), progress);
    }

    /** A build that fails ends its archive early: then the build is the failure to report, not the archive. */
    private Tree unpackBuild(Assembly assembly, BaseBuild build) throws IOException {
        try {
            Tree tree = assembly.unpack(build.archive(), BaseImage.NAME, limits);
            build.finish();
            return tree;
        } catch (ArchiveRefused broken) {
            build.finish();
            throw broken;
        }
    }

    private Optional<Image> present(String name, Predicate<ImageRecord> current) {
        return own(name).filter(current).map(this::image);
    }

    /** One that we make ourselves: what cannot be read of it is made again. */
    private Optional<ImageRecord> own(String name) {
        return Optional.ofNullable(catalogue.names().get(name)).flatMap(catalogue::readable);
    }

    /** Without a manifest of its own, an image is named by what it is made of. */
    private ImageRecord finishOwn(Assembly assembly, String name, Description description) {
        Digest digest = Digest.of(name + " " + assembly.diffIds() + " " + description.config());
        return assembly.finish(digest, List.of(name), description);
    }

    private Image ready(ImageRecord made, Consumer<ImageEvent> progress) {
        Image image = image(made);
        progress.accept(new ImageEvent.Ready(image));
        return image;
    }

    private Image image(ImageRecord found) {
        return found.image(layers, names(found.digest()));
    }

    private List<String> names(Digest digest) {
        return catalogue.names().entrySet().stream()
                .filter(entry -> entry.getValue().equals(digest))
                .map(Map.Entry::getKey)
                .toList();
    }

    private ImageRecord find(String nameOrDigest) {
        return digest(nameOrDigest).flatMap(catalogue::find).orElseThrow(() -> notHere(nameOrDigest));
    }

    private static ImageException notHere(String nameOrDigest) {
        return new ImageException(Reason.NOT_FOUND, "there is no image " + nameOrDigest + " here");
    }

    private Optional<Digest> digest(String nameOrDigest) {
        return Reference.isDigest(nameOrDigest) ? byDigest(nameOrDigest) : byName(nameOrDigest, catalogue::named);
    }

    private Optional<Digest> byDigest(String digest) {
        String hex = digest.startsWith("sha256:") ? digest.substring(7) : digest;
        List<Digest> fitting = new ArrayList<>(catalogue.images());
        fitting.removeIf(one -> !one.hex().startsWith(hex));
        return fitting.size() == 1 ? Optional.of(fitting.getFirst()) : Optional.empty();
    }

    /** The name as it is kept. */
    private Optional<String> storedName(String name) {
        return byName(name, kept -> catalogue.named(kept).map(_ -> kept));
    }

    /** What is kept under a name: as given, or written out as a registry's name. */
    private <T> Optional<T> byName(String name, Function<String, Optional<T>> kept) {
        return kept.apply(name)
                .or(() -> Reference.tryParse(name, shortNames)
                        .map(Reference::name)
                        .flatMap(kept));
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    /** The one place where failures of the machine get the store's words. */
    private static <T> T guard(Work<T> work) {
        try {
            return work.run();
        } catch (IOException failed) {
            throw StoreDirectory.failure("the image store failed", failed);
        } catch (LinuxException failed) {
            boolean full = failed.errno() == Errno.ENOSPC || failed.errno() == Errno.EDQUOT;
            Reason reason = full ? Reason.STORAGE_FULL : Reason.STORE;
            throw new ImageException(reason, "the image store failed: " + failed.getMessage(), failed);
        }
    }
}
