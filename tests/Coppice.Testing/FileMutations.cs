namespace Coppice.Testing;

/// <summary>
/// Random changes of files: each is read or refused in one line, in little memory. As many rounds as the variable <c>COPPICE_MUTATIONS</c> says, or a thousand; they
/// are the same each time.
/// </summary>
public static class FileMutations
{
    private const long MostMemory = 64 << 20;
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("COPPICE_MUTATIONS"), out var rounds) ? rounds : 1000;

    /// <summary>Changes files and reads them.</summary>
    /// <typeparam name="TRefusal">What is thrown of a file that is refused; anything else fails the test.</typeparam>
    /// <param name="files">The files that are changed, in turn.</param>
    /// <param name="values">Bytes that mean something in such files.</param>
    /// <param name="open">Reads a file and does with it what is done with such files.</param>
    /// <param name="beginning">Where the changes are: within so many bytes from the start, where that is not the whole file.</param>
    public static void Check<TRefusal>(IReadOnlyList<byte[]> files, byte[] values, Action<byte[]> open, int beginning = int.MaxValue)
        where TRefusal : Exception
    {
        var random = new Random(29);
        var opened = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Change(files[round % files.Count], values, random, beginning);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                open(bytes);
                opened++;
            }
            catch (TRefusal refusal)
            {
                if (refusal.Message.Contains('\n', StringComparison.Ordinal)) throw new InvalidOperationException($"round {round}: a message of more than one line: {refusal.Message}", refusal);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"round {round}: {error.GetType().Name}: {error.Message}", error);
            }

            var taken = GC.GetAllocatedBytesForCurrentThread() - before;
            if (taken > MostMemory) throw new InvalidOperationException($"round {round}: {taken} bytes of memory");
        }

        if (opened == 0 || opened == Rounds) throw new InvalidOperationException($"{opened} of {Rounds} changed files were opened: the changes test nothing");
    }

    private static byte[] Change(byte[] file, byte[] values, Random random, int beginning)
    {
        var bytes = file.ToArray();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var place = random.Next(Math.Min(bytes.Length, beginning));
            switch (random.Next(5))
            {
                case 0: bytes[place] = (byte)random.Next(256); break;
                case 1: bytes = [.. bytes.AsSpan(0, place), .. bytes.AsSpan(Math.Min(bytes.Length, place + random.Next(1, 20)))]; break;
                case 2: bytes = [.. bytes.AsSpan(0, place), .. bytes.AsSpan(place / 2, random.Next(Math.Min(20, place / 2 + 1))), .. bytes.AsSpan(place)]; break;
                default: bytes[place] = values[random.Next(values.Length)]; break;
            }

            if (bytes.Length == 0) bytes = [0];
        }

        return bytes;
    }
}
