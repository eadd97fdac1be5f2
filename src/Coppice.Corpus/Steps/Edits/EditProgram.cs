using System.Globalization;

namespace Coppice.Corpus.Edits;

/// <summary>One edit of a document.</summary>
public abstract record Edit
{
    private Edit()
    {
    }

    /// <summary>Drops the document.</summary>
    public sealed record DropDocument : Edit;

    /// <summary>Removes lines.</summary>
    /// <param name="First">The first one's number, from 0.</param>
    /// <param name="Last">The last one's.</param>
    public sealed record RemoveLines(int First, int Last) : Edit;

    /// <summary>Replaces every occurrence of a text.</summary>
    /// <param name="Source">The text.</param>
    /// <param name="Target">What stands there afterwards.</param>
    public sealed record Normalize(string Source, string Target) : Edit;
}

/// <summary>The edits that somebody proposes for a document, and how many lines of their program could not be understood.</summary>
/// <param name="Edits">The edits in their order.</param>
/// <param name="Malformed">Lines that are no edit.</param>
public sealed record EditProgram(IReadOnlyList<Edit> Edits, int Malformed = 0)
{
    /// <summary>The longest program that is read, in UTF-16 units: a model that goes on and on gets no further.</summary>
    public const int LongestProgram = 1 << 16;

    /// <summary>The program that changes nothing.</summary>
    public static EditProgram Nothing { get; } = new([]);

    /// <summary>
    /// Reads a program as ProX's models write it, one call on each line: <c>drop_document()</c>, <c>keep_document()</c>, <c>untouched_doc()</c>,
    /// <c>remove_lines(line_start=3, line_end=5)</c>, <c>remove_lines(all=True)</c>, <c>normalize(source_str="...", target_str="...")</c>; arguments also by position. What
    /// is no such call is counted and skipped.
    /// </summary>
    /// <param name="text">The program.</param>
    public static EditProgram Parse(string text)
    {
        var edits = new List<Edit>();
        var malformed = text.Length > LongestProgram ? 1 : 0;
        foreach (var line in text.AsSpan(0, Math.Min(text.Length, LongestProgram)).EnumerateLines())
        {
            if (line.IsWhiteSpace()) continue;
            var call = EditCall.Read(line.Trim());
            if (call is null) malformed++;
            else if (call.Name is "keep_document" or "keep_doc" or "untouched_doc" or "untouched" && call.Arguments.Count == 0) continue;
            else if (ToEdit(call) is { } edit) edits.Add(edit);
            else malformed++;
        }

        return new EditProgram(edits, malformed);
    }

    private static Edit? ToEdit(EditCall call) => call.Name switch
    {
        "drop_document" or "drop_doc" when call.Arguments.Count == 0 => new Edit.DropDocument(),
        "remove_lines" when call.Arguments is [{ Name: "all", Value: "True" or "true", IsText: false }] => new Edit.DropDocument(),
        "remove_lines" when call.Has("line_start", "line_end") && Number(call, 0, "line_start") is { } first && Number(call, 1, "line_end") is { } last =>
            new Edit.RemoveLines(first, last),
        "normalize" when call.Has("source_str", "target_str") && call.Find(0, "source_str") is { IsText: true, Value.Length: > 0 } source =>
            call.Find(1, "target_str") is not { } target ? new Edit.Normalize(source.Value, "") : target.IsText ? new Edit.Normalize(source.Value, target.Value) : null,
        _ => null,
    };

    private static int? Number(EditCall call, int place, string name) =>
        call.Find(place, name) is { IsText: false } argument && int.TryParse(argument.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}
