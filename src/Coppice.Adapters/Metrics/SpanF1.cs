namespace Coppice.Adapters;

/// <summary>A labelled run of words.</summary>
/// <param name="Kind">What it is, such as <c>PER</c>.</param>
/// <param name="Start">Its first word.</param>
/// <param name="End">One more than its last.</param>
public readonly record struct LabelledSpan(string Kind, int Start, int End);

/// <summary>F1 of spans that are written as labels of words (BIO: <c>B-PER I-PER O</c>): a span is right if its kind and both its ends are.</summary>
public static class SpanF1
{
    private const string Outside = "O";

    /// <summary>2 · spans found and right / (spans found + right spans), over all sentences together; 1 where there is no span at all.</summary>
    /// <param name="guessed">The guessed labels of each sentence.</param>
    /// <param name="right">The right ones; as many sentences of as many words.</param>
    public static double Of(IReadOnlyList<IReadOnlyList<string>> guessed, IReadOnlyList<IReadOnlyList<string>> right)
    {
        Pairs.Check(guessed.Count, right.Count);
        var (both, either) = (0, 0);
        for (var i = 0; i < right.Count; i++)
        {
            Pairs.Check(guessed[i].Count, right[i].Count);
            var (found, wanted) = (Spans(guessed[i]), Spans(right[i]));
            both += found.Intersect(wanted).Count();
            either += found.Count + wanted.Count;
        }

        return either == 0 ? 1 : 2.0 * both / either;
    }

    /// <summary>The spans of a sentence. An <c>I-</c> that follows nothing, or another kind, begins a span, as in the evaluation of CoNLL-2000.</summary>
    /// <param name="labels">The labels of the words: <c>O</c>, or <c>B-</c> or <c>I-</c> with a kind.</param>
    public static IReadOnlyList<LabelledSpan> Spans(IReadOnlyList<string> labels)
    {
        var spans = new List<LabelledSpan>();
        for (var i = 0; i < labels.Count; i++)
        {
            if (labels[i] == Outside) continue;
            var kind = KindOf(labels[i]);
            var start = i;
            while (i + 1 < labels.Count && labels[i + 1].StartsWith("I-", StringComparison.Ordinal) && KindOf(labels[i + 1]) == kind) i++;
            spans.Add(new LabelledSpan(kind, start, i + 1));
        }

        return spans;
    }

    /// <summary>Whether labels are of this kind: what else would be measured as spans by accident.</summary>
    /// <param name="labels">The labels.</param>
    public static bool IsBio(IEnumerable<string> labels) => labels.All(label => label == Outside || label is ['B' or 'I', '-', _, ..]);

    private static string KindOf(string label) =>
        label is ['B' or 'I', '-', _, ..] ? label[2..] : throw new ArgumentException($"'{label}' is none of O, B-… and I-….", nameof(label));
}
