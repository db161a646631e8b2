package dev.redoubt.app;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Problems;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.image.ExtraFile;
import dev.redoubt.node.image.Image;
import dev.redoubt.node.image.ImageException;
import dev.redoubt.node.image.ImageStore;
import dev.redoubt.node.image.Platform;
import dev.redoubt.node.image.PullOptions;
import dev.redoubt.protocol.Problem;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The images of this machine, as the command line shows them. Every command answers an exit code. */
final class LocalImages {
    private LocalImages() {}

    /**
     * The image of a name or digest; the two that Redoubt makes itself are made when they are not there.
     *
     * @throws Problem NOT_FOUND and the rest of what an image can be refused for
     */
    static Image ensure(NodeSettings settings, String name) {
        return with(settings, store -> ensure(store, name));
    }

    private static Image ensure(ImageStore store, String name) {
        return switch (name) {
            case "busybox" -> store.ensureBuiltIn(name);
            case "base" -> store.ensureBase(extras(), new ImageProgress());
            default -> store.resolve(name);
        };
    }

    static int list(boolean json) {
        List<Image> images = with(Installation.library(), store -> {
            warn(store.unreadable());
            return store.list();
        });
        if (json) {
            System.out.println(Json.of(images.stream().map(LocalImages::facts).toList()));
            return Exit.DONE;
        }
        System.out.printf("%-28s %-14s %10s  %s%n", "NAME", "DIGEST", "SIZE", "CREATED");
        for (Image image : images) {
            String name = image.names().isEmpty() ? "-" : String.join(",", image.names());
            System.out.printf(
                    "%-28s %-14s %8.1fMB  %s%n",
                    name,
                    image.digest().toString().replace("sha256:", "").substring(0, 12),
                    image.size() / 1e6,
                    image.created());
        }
        return Exit.DONE;
    }

    private static void warn(List<String> unreadable) {
        if (!unreadable.isEmpty()) {
            System.err.println("redoubt: warning: damaged, or written by another version of Redoubt: "
                    + String.join(", ", unreadable) + "; './redoubt image rm NAME' removes one");
        }
    }

    static int inspect(String name, boolean json) {
        Image image = with(Installation.library(), store -> store.resolve(name));
        Map<String, Object> facts = facts(image);
        if (json) {
            System.out.println(Json.of(facts));
        } else {
            facts.forEach((key, value) -> System.out.printf("%-12s %s%n", key, value));
        }
        return Exit.DONE;
    }

    static int build(String name) {
        Image image = with(Installation.library(), store -> ensure(store, name));
        System.out.println(image.digest());
        return Exit.DONE;
    }

    static int load(String file, String name) {
        Image image =
                with(Installation.library(), store -> store.importArchive(Path.of(file), name, new ImageProgress()));
        System.out.println(image.digest());
        return Exit.DONE;
    }

    static int pull(String reference, @Nullable String platform) {
        PullOptions standard = PullOptions.standard();
        PullOptions options = platform == null
                ? standard
                : new PullOptions(Platform.parse(platform), standard.insecure(), standard.credentials());
        Image image = with(
                Installation.library(), store -> store.pull(store.reference(reference), options, new ImageProgress()));
        System.out.println(image.digest());
        return Exit.DONE;
    }

    static int remove(String name) {
        return with(Installation.library(), store -> {
            store.remove(name);
            return Exit.DONE;
        });
    }

    /** The files of ours that the base image holds on top of Debian. */
    private static List<ExtraFile> extras() {
        return List.of(new ExtraFile(Installation.natives().resolve("redoubt-sudo"), "usr/bin/sudo", 0755));
    }

    private static Map<String, Object> facts(Image image) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("digest", image.digest().toString());
        facts.put("names", image.names());
        facts.put("size", image.size());
        facts.put("created", image.created().toString());
        facts.put("platform", image.platform().toString());
        facts.put(
                "layers",
                image.layers().stream().map(layer -> layer.diffId().toString()).toList());
        facts.put("user", image.config().user());
        facts.put("workdir", image.config().workingDirectory());
        facts.put("env", image.config().environment());
        facts.put("entrypoint", image.config().entrypoint());
        facts.put("command", image.config().command());
        return facts;
    }

    private static <T> T with(NodeSettings settings, Function<ImageStore, T> work) {
        try {
            return work.apply(Node.openImages(settings));
        } catch (ImageException | DirectoryException | LinuxException failed) {
            throw Refusal.of(Problems.of(failed));
        }
    }
}
