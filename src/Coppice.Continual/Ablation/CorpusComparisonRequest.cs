namespace Coppice.Continual.Ablation;

/// <summary>Which of two corpora trains the better model.</summary>
public sealed record CorpusComparisonRequest
{
    /// <summary>Files or folders of the first corpus.</summary>
    public required IReadOnlyList<string> A { get; init; }

    /// <summary>Files or folders of the second corpus.</summary>
    public required IReadOnlyList<string> B { get; init; }

    /// <summary>Texts to measure on, each reported by itself; in neither corpus.</summary>
    public required IReadOnlyList<string> Evaluations { get; init; }

    /// <summary>Models that are trained on each corpus, from different initial weights and in different order; 1 to 20.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>Tokens that each model is trained on; 0 for as many as <see cref="Minutes"/> allow.</summary>
    public long Tokens { get; init; }

    /// <summary>About how long all training together may take where <see cref="Tokens"/> is 0.</summary>
    public double Minutes { get; init; } = 3;

    /// <summary>A tokenizer's directory or file; empty for one that is trained on both corpora.</summary>
    public string Tokenizer { get; init; } = "";

    /// <summary>Threads to compute with; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>Receives lines for people.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Receives how far the work is.</summary>
    public Action<string> Progress { get; init; } = _ => { };
}

/// <summary>Which corpus is better for a text.</summary>
public enum CorpusVerdict
{
    /// <summary>The interval holds 0: more tokens or seeds might tell.</summary>
    Undecided,

    /// <summary>The first corpus.</summary>
    A,

    /// <summary>The second corpus.</summary>
    B,
}

/// <summary>What models of two corpora make of a text.</summary>
/// <param name="Text">The text's name.</param>
/// <param name="Passages">How many passages of it were measured.</param>
/// <param name="Bytes">Their UTF-8 bytes.</param>
/// <param name="A">Bits per byte of the first corpus's models, their mean.</param>
/// <param name="B">Bits per byte of the second corpus's.</param>
/// <param name="ChangePercent">100 · (B / A − 1): above 0 the first corpus is better.</param>
/// <param name="Low">The lower end of the change's 95 % interval; null where nothing can be said.</param>
/// <param name="High">The upper end.</param>
/// <param name="Seeds">The change of each seed's pair of models.</param>
public sealed record TextOutcome(string Text, int Passages, long Bytes, double A, double B, double ChangePercent, double? Low, double? High, IReadOnlyList<double> Seeds)
{
    /// <summary>Which corpus is better, where the interval is clear of 0.</summary>
    public CorpusVerdict Better => Low > 0 ? CorpusVerdict.A : High < 0 ? CorpusVerdict.B : CorpusVerdict.Undecided;
}

/// <summary>What a comparison found.</summary>
/// <param name="Parameters">Parameters of each model.</param>
/// <param name="Vocabulary">Tokens of the tokenizer.</param>
/// <param name="Tokens">Tokens that each model was trained on.</param>
/// <param name="EpochsA">How often the first corpus (or the part of it that was read) was gone through.</param>
/// <param name="EpochsB">How often the second was.</param>
/// <param name="Texts">By text, in the order they were given.</param>
public sealed record CorpusComparison(long Parameters, int Vocabulary, long Tokens, double EpochsA, double EpochsB, IReadOnlyList<TextOutcome> Texts);
