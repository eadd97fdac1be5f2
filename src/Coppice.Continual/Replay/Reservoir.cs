using System.Text;

namespace Coppice.Continual.Replay;

/// <summary>The documents of one source with the smallest keys: all those whose key is below <see cref="Cut"/>.</summary>
internal sealed class Reservoir
{
    /// <summary>The texts by key.</summary>
    public SortedDictionary<UInt128, string> Documents { get; } = [];

    /// <summary>UTF-8 bytes of the texts.</summary>
    public long Bytes { get; private set; }

    /// <summary>The smallest key of a document that is not kept; null where all are.</summary>
    public UInt128? Cut { get; private set; }

    /// <summary>Adds a document, unless it is there or lies behind the cut; returns the bytes by which the reservoir grew.</summary>
    public long Add(UInt128 key, string text, int bytes)
    {
        if (key >= Cut || !Documents.TryAdd(key, text)) return 0;
        Bytes += bytes;
        return bytes;
    }

    /// <summary>Drops the document with a key and all with larger ones, those to come included.</summary>
    public void CutAt(UInt128 key)
    {
        if (Cut <= key) return;
        Cut = key;
        foreach (var (dropped, text) in Documents.Where(document => document.Key >= key).ToList())
        {
            Documents.Remove(dropped);
            Bytes -= Encoding.UTF8.GetByteCount(text);
        }
    }

    /// <summary>Cuts at the first document that doesn't fit.</summary>
    public void CutToQuota(long quota)
    {
        if (Bytes <= quota) return;
        var sum = 0L;
        foreach (var (key, text) in Documents)
        {
            sum += Encoding.UTF8.GetByteCount(text);
            if (sum <= quota) continue;
            CutAt(key);
            return;
        }
    }
}
