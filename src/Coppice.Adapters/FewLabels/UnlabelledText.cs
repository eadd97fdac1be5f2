using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>A text, or a pair of texts, of which nobody has told anything.</summary>
/// <param name="Text">The text.</param>
/// <param name="Pair">The second text of a pair, or null.</param>
/// <param name="Where">File and line.</param>
public sealed record UnlabelledText(string Text, string? Pair, string Where)
{
    /// <summary>Reads texts. Labels that the file has besides are not looked at.</summary>
    /// <param name="path">The file; see <see cref="DataFile"/>.</param>
    /// <param name="fields">Which fields to read; null for <c>text</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a record lacks a field.</exception>
    public static IReadOnlyList<UnlabelledText> Read(string path, LabelledFields? fields = null)
    {
        var names = fields ?? new LabelledFields();
        return [.. DataFile.Read(path).Select(record => new UnlabelledText(record.Text(names.Text), names.Pair is null ? null : record.Text(names.Pair), record.Where))];
    }

    /// <summary>The text with a label.</summary>
    /// <param name="label">The label.</param>
    public LabelledText As(string label) => new(Text, Pair, label, Where);

    /// <summary>Texts as documents whose label counts nothing yet, in the form of <see cref="ClassificationRendering.Classes"/>.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">The most tokens of a document: no more than the model's positions.</param>
    /// <returns>An example of each text, in their order.</returns>
    /// <exception cref="CoppiceException">The tokenizer makes no token of a text, or documents are too short for one.</exception>
    public static IReadOnlyList<TaskExample> Render(IReadOnlyList<UnlabelledText> texts, ITokenizer tokenizer, int maxTokens)
    {
        var frame = new TextFrame(tokenizer);
        return [.. texts.Select((text, number) =>
            new TaskExample([TaskDocument.Labelled(frame.Around(text.Text, text.Pair, maxTokens, text.Where).Tokens, 0, 0)], text.Where) { Number = number })];
    }
}
