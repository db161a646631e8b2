package dev.redoubt.node.image.unpack;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A path in an archive that stays inside it: components that are names, none of them {@code ..}. Byte strings. */
record EntryPath(List<String> components) {
    EntryPath {
        components = List.copyOf(components);
    }

    static EntryPath of(String path) throws Refused {
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new Refused(Refusal.BAD_NAME, path);
        }
        if (path.startsWith("/")) {
            throw new Refused(Refusal.ABSOLUTE_PATH, path);
        }
        List<String> components = new ArrayList<>();
        for (String component : path.split("/", -1)) {
            addComponent(components, component, path);
        }
        if (path.length() > Limits.PATH || components.size() > Limits.DEPTH) {
            throw new Refused(Refusal.PATH_TOO_LONG, path);
        }
        return new EntryPath(components);
    }

    private static void addComponent(List<String> components, String component, String path) throws Refused {
        if (component.equals("..")) {
            throw new Refused(Refusal.PARENT_PATH, path);
        }
        if (component.length() > Limits.NAME) {
            throw new Refused(Refusal.PATH_TOO_LONG, path);
        }
        if (!component.isEmpty() && !component.equals(".")) {
            components.add(component);
        }
    }

    boolean isRoot() {
        return components.isEmpty();
    }

    EntryPath parent() {
        return new EntryPath(components.subList(0, components.size() - 1));
    }

    String name() {
        return components.getLast();
    }

    /** As the kernel takes it, relative; the root is a dot. */
    byte[] bytes() {
        return isRoot() ? new byte[] {'.'} : text().getBytes(StandardCharsets.ISO_8859_1);
    }

    String text() {
        return String.join("/", components);
    }
}
