namespace Coppice.Inference;

/// <summary>What a part of a text must look like: what regular expressions, grammars and schemas are read into.</summary>
internal abstract record Pattern
{
    /// <summary>No text.</summary>
    public static Pattern Nothing { get; } = new Sequence([]);

    /// <summary>A part, or nothing.</summary>
    /// <param name="part">The part.</param>
    public static Pattern Optional(Pattern part) => new Repeat(part, 0, 1);

    /// <summary>One part after another.</summary>
    /// <param name="parts">The parts.</param>
    public static Pattern Of(params IReadOnlyList<Pattern> parts) => parts.Count == 1 ? parts[0] : new Sequence(parts);

    /// <summary>One character of a set that is not empty.</summary>
    public sealed record Characters(CodePoints Set) : Pattern;

    /// <summary>A text.</summary>
    public sealed record Literal(string Text) : Pattern;

    /// <summary>One part after another.</summary>
    public sealed record Sequence(IReadOnlyList<Pattern> Parts) : Pattern;

    /// <summary>One of several, at least one.</summary>
    public sealed record Choice(IReadOnlyList<Pattern> Alternatives) : Pattern;

    /// <summary>A part so many times; without bound where <paramref name="Most"/> is null.</summary>
    public sealed record Repeat(Pattern Part, int Least, int? Most) : Pattern;

    /// <summary>What a rule of the grammar says.</summary>
    public sealed record Rule(string Name) : Pattern;
}

/// <summary>Rules that name each other, and the one that the whole text follows.</summary>
/// <param name="Start">Its name.</param>
/// <param name="Rules">All of them.</param>
internal sealed record Grammar(string Start, IReadOnlyDictionary<string, Pattern> Rules);
