using System.Text;
using Coppice.Tokenizers;

namespace Coppice.Evaluation.Tests;

/// <summary>Bytes modulo 40 as tokens 10 to 49, with a begin-of-text token or without. Decoding gives a text of the letters P to w back.</summary>
internal sealed class ByteTokenizer(int? begin = 1) : ITokenizer
{
    public int VocabularySize => 50;

    public int? BeginOfText => begin;

    public int? EndOfText => 2;

    public string Fingerprint => "bytes";

    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach (var value in Encoding.UTF8.GetBytes(text.ToString())) ids.Add(10 + value % 40);
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) =>
        string.Concat(ids.ToArray().Where(id => id >= 10).Select(id => (char)(80 + id - 10)));
}
