using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>A prompt with an answer that was preferred to another.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Chosen">The better answer.</param>
/// <param name="Rejected">The worse one.</param>
/// <param name="Where">File and line.</param>
public sealed record PreferencePair(string Prompt, string Chosen, string Rejected, string Where)
{
    /// <summary>Reads pairs from the fields <c>prompt</c>, <c>chosen</c> and <c>rejected</c>.</summary>
    /// <param name="path">The file; see <see cref="DataFile"/>.</param>
    /// <exception cref="CoppiceException">The file can't be read, a record lacks a field, or its answers are the same.</exception>
    public static IReadOnlyList<PreferencePair> Read(string path) => [.. DataFile.Read(path).Select(record =>
    {
        var pair = new PreferencePair(record.Text("prompt"), record.Text("chosen"), record.Text("rejected"), record.Where);
        return pair.Chosen != pair.Rejected ? pair : throw record.Error("'chosen' and 'rejected' are the same: nothing is preferred");
    })];
}

/// <summary>A prompt with an answer that was judged by itself.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Answer">The answer.</param>
/// <param name="Desirable">Whether it is as it should be.</param>
/// <param name="Where">File and line.</param>
public sealed record JudgedAnswer(string Prompt, string Answer, bool Desirable, string Where)
{
    /// <summary>Reads answers from the fields <c>prompt</c>, <c>completion</c> and <c>label</c> (true or false, 1 or 0).</summary>
    /// <param name="path">The file; see <see cref="DataFile"/>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a record lacks a field.</exception>
    public static IReadOnlyList<JudgedAnswer> Read(string path) => [.. DataFile.Read(path).Select(record => new JudgedAnswer(
        record.Text("prompt"),
        record.Text("completion"),
        record.Text("label") switch
        {
            "true" or "True" or "1" => true,
            "false" or "False" or "0" => false,
            var label => throw record.Error($"'label' is '{label}', and it says true or false"),
        },
        record.Where))];
}
