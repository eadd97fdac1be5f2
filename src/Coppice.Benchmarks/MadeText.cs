using System.Buffers;
using System.Globalization;
using System.Text;

namespace Coppice.Benchmarks;

/// <summary>
/// As much text as is wanted, the same each time: made-up words as often as those of a language (Zipf's law) in sentences and paragraphs, some 3 kB a document on average.
/// One document in ten is a copy of another, one a copy with up to a fifth of its words changed.
/// </summary>
/// <param name="folder">The folder of its files: JSON lines, 32 MB each.</param>
internal sealed class MadeText(string folder)
{
    private const int FileBytes = 32_000_000, DocumentsOfAFile = 8000;
    private const int Vocabulary = 20_000, FewestWords = 30, MostWords = 2000;
    private const double MostEdits = 0.2;

    private static readonly string[] Syllables =
        [.. from onset in "bdfgklmnprstvz" from vowel in new[] { "a", "e", "i", "o", "u", "ar", "en" } select $"{onset}{vowel}"];

    private static readonly byte[][] Words = [.. Enumerable.Range(0, Vocabulary).Select(rank => Encoding.ASCII.GetBytes(WordOf(rank)))];

    // The rank of a word by 16 random bits.
    private static readonly ushort[] Ranks = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)(Math.Exp((i + 0.5) / (1 << 16) * Math.Log(Vocabulary)) - 1))];

    private int _files;

    /// <summary>Adds files.</summary>
    /// <param name="bytes">About how many bytes.</param>
    /// <param name="repeatsOlder">Whether copies are of documents in any file, and not only of their own.</param>
    /// <returns>Bytes that were written.</returns>
    public long Add(long bytes, bool repeatsOlder)
    {
        var first = _files;
        _files += (int)Math.Max(1, bytes / FileBytes);
        var written = 0L;
        Parallel.For(first, _files, file => Interlocked.Add(ref written, Write(file, (int)Math.Min(bytes, FileBytes), repeatsOlder)));
        return written;
    }

    private long Write(int file, int bytes, bool repeatsOlder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"part-{file:00000}.jsonl"));
        var length = Write(path, file, bytes, repeatsOlder);
        // A file that was changed a moment ago is read again to be told from another; those that people have are older.
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-1));
        return length;
    }

    private static long Write(string path, int file, int bytes, bool repeatsOlder)
    {
        using var stream = File.Create(path);
        var line = new ArrayBufferWriter<byte>();
        for (var place = 0; stream.Position < bytes; place++)
        {
            line.ResetWrittenCount();
            line.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"id\":\"{file}-{place}\",\"text\":\"")));
            var chance = new Chance(KeyOf(file, place));
            var (kind, ofFile, ofPlace) = (place % 10, repeatsOlder ? chance.Below(file + 1) : file, (chance.Below(DocumentsOfAFile / 10) * 10) + chance.Below(8));
            var isCopy = kind >= 8 && (ofFile < file || ofPlace < place);
            AppendText(line, isCopy ? KeyOf(ofFile, ofPlace) : KeyOf(file, place), kind == 9 && isCopy ? chance.Unit() * MostEdits : 0, chance);
            line.Write("\"}\n"u8);
            stream.Write(line.WrittenSpan);
        }

        return stream.Position;
    }

    private static void AppendText(ArrayBufferWriter<byte> output, ulong key, double edits, Chance editing)
    {
        var chance = new Chance(key);
        var words = (int)(FewestWords * Math.Exp(chance.Unit() * Math.Log((double)MostWords / FewestWords)));
        var (leftOfSentence, leftOfParagraph) = (0, 0);
        for (var i = 0; i < words; i++)
        {
            var word = Words[Ranks[chance.Below(1 << 16)]];
            if (edits > 0 && editing.Unit() < edits) word = Words[Ranks[editing.Below(1 << 16)]];
            var span = output.GetSpan(word.Length + 8);
            word.CopyTo(span);
            if (leftOfSentence == 0)
            {
                span[0] -= 'a' - 'A';
                leftOfSentence = 4 + chance.Below(20);
                if (leftOfParagraph-- == 0) leftOfParagraph = 2 + chance.Below(6);
            }

            leftOfSentence--;
            var end = i + 1 == words || leftOfSentence == 0 ? leftOfParagraph == 0 && i + 1 < words ? ".\\n\\n"u8 : ". "u8 : " "u8;
            end.CopyTo(span[word.Length..]);
            output.Advance(word.Length + end.Length);
        }
    }

    private static ulong KeyOf(int file, int place) => ((ulong)file << 32) | (uint)place;

    private static string WordOf(int rank)
    {
        var word = "";
        for (var rest = rank + 1; rest > 0; rest /= Syllables.Length) word += Syllables[rest % Syllables.Length];
        return word;
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195).</summary>
    private sealed class Chance(ulong state)
    {
        public int Below(int count) => (int)Math.BigMul(Next(), (ulong)count, out _);

        public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

        private ulong Next()
        {
            state += 0x9E3779B97F4A7C15;
            var bits = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return bits ^ (bits >> 31);
        }
    }
}
