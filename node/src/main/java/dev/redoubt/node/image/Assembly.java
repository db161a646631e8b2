package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.EntryStatus;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.ImageRecord.Part;
import dev.redoubt.node.image.Unpacking.Unpacked;
import dev.redoubt.node.image.unpack.LayerWriter;
import dev.redoubt.node.image.unpack.Limits;
import dev.redoubt.node.image.unpack.Refusal;
import dev.redoubt.node.image.unpack.Report;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Puts one image together, layer on layer from the bottom; all or nothing becomes visible, at the end. */
final class Assembly {
    /** Of overlayfs' 500 lower directories an image gets what Docker allows. */
    private static final int MAX_LAYERS = 128;

    /** Where the sandbox mounts its own file systems: a link there would send them elsewhere. */
    private static final List<String> MOUNT_POINTS = List.of("proc", "sys", "dev", "tmp", "run");

    private static final String ROOT = "root";
    private static final String SIZE = "size";

    private final StoreDirectory store;
    private final Layers layers;
    private final Workspace workspace;
    private final UnpackSandboxes sandboxes;
    private final Consumer<ImageEvent> progress;
    private final List<Part> parts = new ArrayList<>();
    private Optional<Digest> chain = Optional.empty();
    private int unpacked;

    Assembly(StoreDirectory store, Workspace workspace, UnpackSandboxes sandboxes, Consumer<ImageEvent> progress) {
        this.store = store;
        this.layers = new Layers(store);
        this.workspace = workspace;
        this.sandboxes = sandboxes;
        this.progress = progress;
    }

    /** An archive unpacked in the workspace, not yet part of anything. */
    record Tree(Path holder, Unpacked content) {
        Path root() {
            return holder.resolve(ROOT);
        }
    }

    /** Unpacks an archive that we made ourselves a moment ago: no sandbox, no time lost. */
    Tree unpackOwn(byte[] archive) throws IOException {
        Path holder = holder();
        try (Directory root = Directory.open(holder.resolve(ROOT))) {
            Report report = LayerWriter.write(new ByteArrayInputStream(archive), root, Limits.DEFAULT);
            if (report instanceof Report.Done done) {
                return new Tree(holder, new Unpacked(Digest.of(archive), done.bytes(), done.implicit()));
            }
            throw Unpacking.failure(report);
        }
    }

    private Path holder() throws IOException {
        unpacked++;
        Path holder = workspace.directory("layer-" + unpacked);
        Path root = Files.createDirectory(holder.resolve(ROOT));
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        return holder;
    }

    /** Unpacks an archive in the sandbox. */
    Tree unpack(InputStream archive, String what, Limits limits) throws IOException {
        Path holder = holder();
        Path root = holder.resolve(ROOT);
        Path skeleton = workspace.directory("sandbox-" + unpacked);
        Consumer<Long> counted = bytes -> progress.accept(new ImageEvent.Unpacking(what, bytes));
        try (Unpacking unpacking = new Unpacking(sandboxes, limits, counted)) {
            return new Tree(holder, unpacking.unpack(archive, skeleton, root));
        }
    }

    /** Adds a layer that is on this machine already. */
    boolean addPresent(Digest diffId) {
        for (Digest key : List.of(diffId, chainWith(diffId))) {
            // First pinned, then looked for: so it cannot be collected in between.
            workspace.pin(key);
            if (layers.has(key)) {
                progress.accept(new ImageEvent.Present(diffId));
                add(diffId, key, layers.size(key));
                return true;
            }
        }
        return false;
    }

    /** Adds a tree as the next layer. */
    void add(Tree tree) throws IOException {
        Digest diffId = tree.content().diffId();
        boolean dependsOnBelow = !parts.isEmpty() && !tree.content().implicit().isEmpty();
        Digest key = dependsOnBelow ? chainWith(diffId) : diffId;
        if (dependsOnBelow) {
            inheritDirectories(tree);
        }
        workspace.pin(key);
        Files.writeString(
                tree.holder().resolve(SIZE), Long.toString(tree.content().bytes()));
        layers.publish(tree.holder(), key);
        add(diffId, key, tree.content().bytes());
    }

    private void add(Digest diffId, Digest key, long size) {
        if (parts.size() == MAX_LAYERS) {
            throw new ImageException(Reason.BAD_IMAGE, "the image has more than " + MAX_LAYERS + " layers");
        }
        chain = Optional.of(chainWith(diffId));
        parts.addFirst(new Part(diffId, key, size));
    }

    private Digest chainWith(Digest diffId) {
        return chain.map(below -> Layers.chain(below, diffId)).orElse(diffId);
    }

    /** Directories that the archive left out look as they do below: else /tmp would lose its sticky bit. */
    private void inheritDirectories(Tree tree) {
        Overlay below = Overlay.of(directories());
        try (Directory root = Directory.open(tree.root())) {
            for (String path : tree.content().implicit()) {
                Optional<EntryStatus> model = below.find(path);
                if (model.isPresent() && model.get().type() != EntryStatus.Type.DIRECTORY) {
                    // Others would write through it; the files would land elsewhere than the archive says.
                    throw new ArchiveRefused(Refusal.THROUGH_SYMLINK, path);
                }
                model.ifPresent(status -> inherit(root, path, status));
            }
        }
    }

    private static void inherit(Directory root, String path, EntryStatus model) {
        try (Directory directory = root.child(path.getBytes(StandardCharsets.ISO_8859_1))) {
            directory.owner(model.uid(), model.gid());
            directory.mode(model.mode());
        }
    }

    private List<Path> directories() {
        return parts.stream().map(part -> layers.directory(part.key())).toList();
    }

    /** What an image says of itself, apart from its layers. */
    record Description(ImageConfig config, Platform platform, Instant created, String source) {}

    /** Diff ids from the top, so far. */
    List<Digest> diffIds() {
        return parts.stream().map(Part::diffId).toList();
    }

    /** Checks the whole and makes it visible under {@code names}. */
    ImageRecord finish(Digest digest, List<String> names, Description description) {
        if (parts.isEmpty()) {
            throw new ImageException(Reason.BAD_IMAGE, "the image has no layers");
        }
        refuseMountPoints();
        List<Part> visible = parts.subList(0, Overlay.visible(directories()));
        ImageRecord image = new ImageRecord(
                digest,
                visible,
                description.config(),
                description.platform(),
                description.created(),
                description.source());
        return store.shared(() -> {
            Catalogue catalogue = new Catalogue(store);
            catalogue.put(image);
            names.forEach(name -> catalogue.name(name, digest));
            return image;
        });
    }

    private void refuseMountPoints() {
        Overlay image = Overlay.of(directories());
        for (String mountPoint : MOUNT_POINTS) {
            Optional<EntryStatus> there = image.find(mountPoint);
            if (there.isPresent() && there.get().type() != EntryStatus.Type.DIRECTORY) {
                throw new ArchiveRefused(Refusal.MOUNT_POINT, mountPoint);
            }
        }
    }
}
