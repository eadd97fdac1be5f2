
namespace Coppice.Corpus.Building;

/// <summary>What a corpus step decided about one document.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">Why it is dropped.</param>
/// <param name="Measured">What was measured.</param>
/// <param name="Because">The document it repeats.</param>
/// <param name="Number">How many documents it stands for, or its weight.</param>
/// <param name="Edit">How it is edited.</param>
internal readonly record struct Decision(DecisionKind Kind, string? Reason = null, Measurement? Measured = null, string? Because = null, double Number = 0, byte[]? Edit = null);

/// <summary>The kinds of decisions.</summary>
internal enum DecisionKind : byte
{
    /// <summary>The document stays as it is.</summary>
    Keep,

    /// <summary>The document is dropped.</summary>
    Drop,

    /// <summary>The document is kept and stands for several.</summary>
    StandsFor,

    /// <summary>The document is kept and has a weight.</summary>
    Weigh,

    /// <summary>The document is edited.</summary>
    Edit,
}

/// <summary>The decisions on the documents of one chunk, as bytes: for each document that is not kept as it is its place in the chunk and what was decided.</summary>
internal static class ChunkDecisions
{
    /// <summary>Writes one decision. Decisions follow one another by place.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="place">The document's place in the chunk.</param>
    /// <param name="decision">The decision.</param>
    public static void Write(BinaryWriter output, int place, in Decision decision)
    {
        output.Write7BitEncodedInt(place);
        output.Write((byte)decision.Kind);
        switch (decision.Kind)
        {
            case DecisionKind.Drop:
                output.Write(decision.Reason!);
                output.Write(decision.Because ?? "");
                output.Write(decision.Measured is not null);
                if (decision.Measured is not { } measured) break;
                output.Write(measured.Rule);
                output.Write(measured.Value);
                output.Write(measured.Threshold);
                break;
            case DecisionKind.StandsFor or DecisionKind.Weigh:
                output.Write(decision.Number);
                break;
            default:
                output.Write7BitEncodedInt(decision.Edit!.Length);
                output.Write(decision.Edit);
                break;
        }
    }

    /// <summary>The decision on each document of a chunk, those that are kept as they are included; without end.</summary>
    /// <param name="bytes">What <see cref="Write"/> wrote.</param>
    public static IEnumerable<Decision> Read(byte[] bytes)
    {
        using var input = new BinaryReader(new MemoryStream(bytes));
        for (var place = 0; input.BaseStream.Position < bytes.Length; place++)
        {
            for (var next = input.Read7BitEncodedInt(); place < next; place++) yield return default;
            yield return ReadOne(input);
        }

        while (true) yield return default;
    }

    private static Decision ReadOne(BinaryReader input)
    {
        var kind = (DecisionKind)input.ReadByte();
        switch (kind)
        {
            case DecisionKind.Drop:
                var reason = input.ReadString();
                var because = input.ReadString();
                var measured = input.ReadBoolean() ? new Measurement(input.ReadString(), input.ReadDouble(), input.ReadDouble()) : (Measurement?)null;
                return new Decision(kind, reason, measured, because.Length == 0 ? null : because);
            case DecisionKind.StandsFor or DecisionKind.Weigh:
                return new Decision(kind, Number: input.ReadDouble());
            default:
                return new Decision(kind, Edit: input.ReadBytes(input.Read7BitEncodedInt()));
        }
    }
}
