using System.Text.Json.Serialization;

namespace Coppice.Corpus.Building;

/// <summary>What a step did to the documents that came to it. Of two parts of a corpus it can be added up, in either order.</summary>
public sealed class StepStatistics
{
    /// <summary>How many examples are kept of each reason.</summary>
    public const int ExamplesKept = 10;

    /// <summary>The step's name.</summary>
    public required string Name { get; init; }

    /// <summary>Documents that came to it.</summary>
    public long DocumentsIn { get; set; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public long BytesIn { get; set; }

    /// <summary>Documents that it went on with.</summary>
    public long DocumentsOut { get; set; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public long BytesOut { get; set; }

    /// <summary>Documents that it is not made for, among those that it went on with.</summary>
    public long PassedOver { get; set; }

    /// <summary>Documents that it rewrote.</summary>
    public long Changed { get; set; }

    /// <summary>Documents that it dropped.</summary>
    [JsonIgnore]
    public long Dropped => DocumentsIn - DocumentsOut;

    /// <summary>What it dropped, by reason.</summary>
    public SortedDictionary<string, ReasonStatistics> Reasons { get; init; } = new(StringComparer.Ordinal);

    /// <summary>What it rewrote, by kind.</summary>
    public SortedDictionary<string, long> Changes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Of the documents that it kept those that came nearest to being dropped, nearest first.</summary>
    public List<DocumentExample> Nearest { get; init; } = [];

    /// <summary>Counts a document that was dropped.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="bytes">UTF-8 bytes of its text.</param>
    /// <param name="order">Its place among the examples: see <see cref="DocumentExample.Order"/>.</param>
    /// <param name="example">Makes the example, where it is among the first.</param>
    internal void Drop(string reason, long bytes, ulong order, Func<DocumentExample> example)
    {
        if (!Reasons.TryGetValue(reason, out var entry)) Reasons[reason] = entry = new ReasonStatistics();
        entry.Documents++;
        entry.Bytes += bytes;
        if (entry.Examples.Count < ExamplesKept || order < entry.Examples[^1].Order) Keep(entry.Examples, example(), CompareOrder);
    }

    /// <summary>Considers a document that was kept as one that was nearly dropped.</summary>
    /// <param name="distance">How far from the line it was.</param>
    /// <param name="example">Makes the example, where it is among the nearest.</param>
    internal void Near(double distance, Func<DocumentExample> example)
    {
        if (Nearest.Count < ExamplesKept || distance <= Nearest[^1].Measured!.Value.Distance) Keep(Nearest, example(), CompareDistance);
    }

    /// <summary>Counts rewrites.</summary>
    /// <param name="changes">What was rewritten.</param>
    internal void Change(IReadOnlyList<ReasonCount> changes)
    {
        foreach (var change in changes) Changes[change.Reason] = Changes.GetValueOrDefault(change.Reason) + change.Count;
    }

    /// <summary>Adds what the same step did to other documents.</summary>
    /// <param name="other">What it did.</param>
    internal void Add(StepStatistics other)
    {
        DocumentsIn += other.DocumentsIn;
        BytesIn += other.BytesIn;
        DocumentsOut += other.DocumentsOut;
        BytesOut += other.BytesOut;
        PassedOver += other.PassedOver;
        Changed += other.Changed;
        foreach (var (reason, entry) in other.Reasons)
        {
            if (!Reasons.TryGetValue(reason, out var own)) Reasons[reason] = own = new ReasonStatistics();
            own.Documents += entry.Documents;
            own.Bytes += entry.Bytes;
            foreach (var example in entry.Examples) Keep(own.Examples, example, CompareOrder);
        }

        foreach (var (kind, count) in other.Changes) Changes[kind] = Changes.GetValueOrDefault(kind) + count;
        foreach (var example in other.Nearest) Keep(Nearest, example, CompareDistance);
    }

    private static void Keep(List<DocumentExample> examples, DocumentExample example, Comparison<DocumentExample> compare)
    {
        var place = examples.FindIndex(other => compare(example, other) < 0);
        examples.Insert(place < 0 ? examples.Count : place, example);
        if (examples.Count > ExamplesKept) examples.RemoveAt(ExamplesKept);
    }

    // Ties are broken by what the examples are, so that the order in which parts are added up does not matter.
    private static int CompareOrder(DocumentExample a, DocumentExample b) => a.Order != b.Order ? a.Order.CompareTo(b.Order) : CompareIdentity(a, b);

    private static int CompareDistance(DocumentExample a, DocumentExample b)
    {
        var byDistance = a.Measured!.Value.Distance.CompareTo(b.Measured!.Value.Distance);
        return byDistance != 0 ? byDistance : CompareOrder(a, b);
    }

    private static int CompareIdentity(DocumentExample a, DocumentExample b)
    {
        var bySource = string.CompareOrdinal(a.Source, b.Source);
        if (bySource != 0) return bySource;
        var byId = string.CompareOrdinal(a.Id, b.Id);
        return byId != 0 ? byId : string.CompareOrdinal(a.Excerpt, b.Excerpt);
    }
}

/// <summary>Documents that a step dropped for one reason.</summary>
public sealed class ReasonStatistics
{
    /// <summary>How many.</summary>
    public long Documents { get; set; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public long Bytes { get; set; }

    /// <summary>Some of them, chosen at random: the ones whose <see cref="DocumentExample.Order"/> is lowest.</summary>
    public List<DocumentExample> Examples { get; init; } = [];
}

/// <summary>A document as an example of what a step did.</summary>
public sealed record DocumentExample
{
    private const int ExcerptCharacters = 280;
    private const ulong Stream = 0x4558414D504C45;

    /// <summary>A random number that belongs to the document: the examples with the lowest are a random choice of the documents, the same whoever makes it.</summary>
    public required ulong Order { get; init; }

    /// <summary>The document's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its source.</summary>
    public required string Source { get; init; }

    /// <summary>How its text begins.</summary>
    public required string Excerpt { get; init; }

    /// <summary>The length of its text in UTF-16 units.</summary>
    public required int Characters { get; init; }

    /// <summary>The rule that decided, or came nearest to deciding; null where nothing was measured.</summary>
    public Measurement? Measured { get; init; }

    /// <summary>The document that it repeats, where there is one.</summary>
    public string? Because { get; init; }

    /// <summary>The <see cref="Order"/> of a document.</summary>
    /// <param name="document">The document.</param>
    internal static ulong OrderOf(Document document) =>
        CounterRandom.Bits(TextHash.Of(document.Source) ^ (ulong)document.Text.Length, Stream, TextHash.Of(document.Id));

    /// <summary>Makes an example.</summary>
    /// <param name="document">The document.</param>
    /// <param name="order">Its order.</param>
    /// <param name="measured">What was measured.</param>
    /// <param name="because">What it repeats.</param>
    internal static DocumentExample Of(Document document, ulong order, Measurement? measured, string? because = null)
    {
        var text = document.Text;
        var end = Math.Min(text.Length, ExcerptCharacters);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
        return new DocumentExample
        {
            Order = order,
            Id = document.Id,
            Source = document.Source,
            Excerpt = text[..end],
            Characters = text.Length,
            Measured = measured,
            Because = because,
        };
    }
}
