namespace Coppice.Models.Hub;

/// <summary>What has come, and how much there is.</summary>
/// <param name="progress">Receives it; null for nobody.</param>
internal sealed class HubTransfer(Action<HubProgress>? progress)
{
    private long _done;

    /// <summary>What is being fetched.</summary>
    public string File { get; set; } = "";

    /// <summary>Bytes of all files.</summary>
    public long Total { get; set; }

    /// <summary>Bytes that came over the network.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes arrive.</summary>
    public void Receive(long bytes)
    {
        Received += bytes;
        Have(bytes);
    }

    /// <summary>Bytes are here already; below 0 where some have to be fetched again.</summary>
    public void Have(long bytes)
    {
        _done += bytes;
        progress?.Invoke(new HubProgress(File, _done, Total));
    }
}
