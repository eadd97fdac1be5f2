using Coppice.Adapters.Methods;
using Coppice.Foundation;

namespace Coppice.Adapters.Directories;

/// <summary>
/// Methods that train the model's own values, whose settings are about training alone and are not in the file, side networks, and decoders that see a text in both
/// directions.
/// </summary>
internal sealed partial class AdapterConfigurationReader
{
    /// <summary>The settings of a method of one of these kinds; null for another.</summary>
    private AdapterSettings? ReadWholeOrSide(string method, HashSet<string> read) => method switch
    {
        "full" or "fish" or "gmt" or "neft" or "hift" => Common(read) with { Method = method },
        "lst" => Common(read) with
        {
            Method = method,
            Lst = new LstSettings { Reduction = Whole("reduction", 8, read), DropEvery = (int)NotNegative("drop_every", 0, read), AddToBase = Flag("add_to_base", read) },
        },
        "qst" => Common(read) with { Method = method, Qst = new QstSettings { Reduction = Whole("reduction", 16, read), Bottleneck = Whole("bottleneck", 16, read) } },
        _ => null,
    };

    /// <summary>The groups of layers that see both directions, where the type says that there are some: its rest is the type of what is trained.</summary>
    private (string Type, IReadOnlyList<bool> Groups) SplitBidirectional(string type, HashSet<string> read)
    {
        if (!type.StartsWith(AdapterConfigurationWriter.BidirectionalPrefix, StringComparison.Ordinal)) return (type, []);
        read.Add(AdapterConfigurationWriter.BidirectionalKey);
        if (!IsSet(AdapterConfigurationWriter.BidirectionalKey)) throw Error(AdapterConfigurationWriter.BidirectionalKey, "is missing, and the type says that some layers see both directions");
        return (type[AdapterConfigurationWriter.BidirectionalPrefix.Length..], Flags(AdapterConfigurationWriter.BidirectionalKey, _values[AdapterConfigurationWriter.BidirectionalKey]));
    }
}
