using System.Buffers;

namespace Coppice.Corpus.Quality;

/// <summary>What FineWeb's rules measure of a text.</summary>
/// <param name="Lines">Lines that are not blank.</param>
/// <param name="Punctuated">The share of them whose last character is terminal punctuation.</param>
/// <param name="Short">The share of them that are short.</param>
/// <param name="DuplicateCharacters">The share of characters, but LF, in second and later copies of lines.</param>
/// <param name="NewlinesPerWord">LFs for each token.</param>
internal readonly record struct LineShape(int Lines, double Punctuated, double Short, double DuplicateCharacters, double NewlinesPerWord)
{
    /// <summary>Terminal punctuation of the scripts in use; no quotation marks, as in datatrove since its stop set is Unicode's.</summary>
    private static readonly SearchValues<char> Terminal = SearchValues.Create(
        ".!?…。！？．｡।॥؟۔؞؝՜՝՞։׃܀܁܂߹࠷࠹࠽࡞၊။፡።፧፨᙮᜵᜶។៕᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿‼‽⁇⁈⁉⸮⸼꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫﹒﹖﹗");

    /// <summary>Measures a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shortLength">The most code points of a short line.</param>
    /// <param name="seen">Counts lines.</param>
    public static LineShape Of(TextStructure text, int shortLength, HashCounter seen)
    {
        var all = text.Lines;
        seen.Clear(all.Length);
        var lines = 0;
        var punctuated = 0;
        var shortLines = 0;
        long duplicate = 0;
        foreach (ref readonly var line in all)
        {
            if (line.IsBlank) continue;
            lines++;
            var content = text.Text.AsSpan(line.Start, line.End - line.Start);
            var length = text.CodePointsIn(line.Start, line.End);
            if (Terminal.Contains(content[^1])) punctuated++;
            if (length <= shortLength) shortLines++;
            if (!seen.AddNew(TextHash.Of(content))) duplicate += length;
        }

        if (lines == 0) return default;
        var newlines = text.Text.AsSpan().Count('\n');
        return new LineShape(
            lines,
            (double)punctuated / lines,
            (double)shortLines / lines,
            (double)duplicate / (text.CodePoints - newlines),
            (double)newlines / Math.Max(1, text.Tokens.Length));
    }
}
