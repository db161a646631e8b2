package dev.redoubt.node.launch;

import dev.redoubt.node.flat.FlatWriter;
import java.util.List;

/**
 * What a slot gets before anybody knows what will run in it (native/PROTOCOL.md, "plan"): half the mounts of a sandbox, made
 * off the path that somebody waits for.
 *
 * @param masks covers, all beneath {@code /proc}
 * @param files paths beneath {@code /proc} whose content comes with the launch: the spec's files begin with these
 * @param contexts of SELinux
 */
public record SlotPlan(List<LaunchSpec.Mask> masks, List<String> files, Contexts contexts) {
    public SlotPlan {
        masks = List.copyOf(masks);
        files = List.copyOf(files);
    }

    /** For a host without SELinux. */
    public SlotPlan(List<LaunchSpec.Mask> masks, List<String> files) {
        this(masks, files, Contexts.NONE);
    }

    /**
     * Contexts of SELinux for one sandbox; all are empty, or none is.
     *
     * @param level of its processes, which no other sandbox has
     * @param files of every file that is its own
     * @param guest of the program whose exec enters the domain
     */
    public record Contexts(String level, String files, String guest) {
        public static final Contexts NONE = new Contexts("", "", "");
    }

    /** The same for one sandbox of a host with SELinux. */
    public SlotPlan withContexts(Contexts other) {
        return new SlotPlan(masks, files, other);
    }

    void write(FlatWriter out) {
        LaunchSpec.write(out, masks);
        out.u32(files.size());
        files.forEach(out::string);
        out.string(contexts.level()).string(contexts.files()).string(contexts.guest());
    }
}
