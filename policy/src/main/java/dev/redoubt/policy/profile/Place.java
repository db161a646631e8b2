package dev.redoubt.policy.profile;

/** Where something stands in a document. Lines and columns count from 1, columns in characters, as editors show them. */
public record Place(int line, int column) {
    static final Place START = new Place(1, 1);

    public Place {
        if (line < 1 || column < 1) {
            throw new IllegalArgumentException("line " + line + ", column " + column);
        }
    }

    @Override
    public String toString() {
        return line + ":" + column;
    }
}
