using System.Net;
using Coppice.Foundation;

namespace Coppice.Models.Hub;

/// <summary>
/// Files that were fetched, by their checksums, where Hugging Face's own tools look for them too (<c>models--OWNER--NAME/blobs</c>). A file that is being
/// fetched has the ending <c>.incomplete</c>, and is gone on with where it stopped.
/// </summary>
/// <param name="client">Fetches.</param>
/// <param name="name">The model.</param>
/// <param name="options">Where files are kept.</param>
/// <param name="transfer">Counts bytes.</param>
internal sealed class HubCache(HubClient client, HubName name, HubOptions options, HubTransfer transfer)
{
    private readonly string _folder = Path.Combine(options.CacheFolder, "models--" + name.Repository.Replace("/", "--", StringComparison.Ordinal), "blobs");

    /// <summary>The path of a file in the cache, fetched if it is not there or is damaged.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancellation">Ends it early; what has arrived stays.</param>
    /// <exception cref="CoppiceException">It can't be fetched or kept, or arrives with another checksum.</exception>
    public async Task<string> GetAsync(string commit, HubFile file, CancellationToken cancellation)
    {
        var path = Path.Combine(_folder, file.Checksum);
        try
        {
            if (file.Is(path, cancellation))
            {
                transfer.Have(file.Size);
                return path;
            }

            Directory.CreateDirectory(_folder);
            var incomplete = path + ".incomplete";
            var isResumed = File.Exists(incomplete);
            await FetchAsync(commit, file, incomplete, cancellation).ConfigureAwait(false);
            if (!file.Is(incomplete, cancellation))
            {
                File.Delete(incomplete);
                transfer.Have(-file.Size);
                // What was there before may have been the damaged part.
                if (isResumed) return await GetAsync(commit, file, cancellation).ConfigureAwait(false);
                throw new CoppiceException($"{name}: {file.Name} arrives with another checksum than the hub names; it was thrown away: try again, and if that doesn't help, tell the model's owner");
            }

            File.Move(incomplete, path, overwrite: true);
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{_folder}: {file.Name} can't be kept there: {error.Message.TrimEnd('.')}; what has arrived stays, so run it again when there is room", inner: error);
        }
    }

    private async Task FetchAsync(string commit, HubFile file, string path, CancellationToken cancellation)
    {
        // Nobody else writes into it meanwhile.
        await using var kept = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1);
        if (kept.Length > file.Size) kept.SetLength(0);
        transfer.Have(kept.Length);
        for (var failures = 0; kept.Length < file.Size;)
        {
            var before = kept.Length;
            try
            {
                await ReceiveAsync(commit, file, kept, cancellation).ConfigureAwait(false);
                if (kept.Length < file.Size) throw new HttpRequestException("the connection was cut");
            }
            catch (Exception error) when (error is not DiskException && HubClient.IsPassing(error, cancellation))
            {
                // A connection that brings something is no failure, however often it is cut.
                failures = kept.Length > before ? 1 : failures + 1;
                await client.WaitAsync(failures, error, cancellation).ConfigureAwait(false);
            }
        }

        kept.Flush(flushToDisk: true);
    }

    private async Task ReceiveAsync(string commit, HubFile file, FileStream kept, CancellationToken cancellation)
    {
        using var response = await client.OpenAsync(commit, file.Name, kept.Length, cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable) Restart(kept);
        else client.Check(response, file.Name);
        var continues = response.StatusCode == HttpStatusCode.PartialContent;
        if (continues && (response.Content.Headers.ContentRange is not { } range || range.From != kept.Length || (range.Length ?? file.Size) != file.Size))
        {
            Restart(kept);
            throw new HttpRequestException("another part of the file arrives than was asked for");
        }

        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable) throw new HttpRequestException("the rest of the file is refused");
        if (!continues) Restart(kept);
        kept.Position = kept.Length;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var bytes = new LimitedStream(stream, file.Size - kept.Length, options.Timeout);
        var buffer = new byte[1 << 17];
        while (await bytes.ReadAsync(buffer, cancellation).ConfigureAwait(false) is var count and > 0)
        {
            try
            {
                kept.Write(buffer, 0, count);
            }
            catch (IOException error)
            {
                throw new DiskException(error.Message, error);
            }

            transfer.Receive(count);
        }
    }

    private void Restart(FileStream kept)
    {
        if (kept.Length > 0) transfer.Have(-kept.Length);
        kept.SetLength(0);
    }

    /// <summary>The disk's error, which no other connection would help.</summary>
    private sealed class DiskException(string message, Exception inner) : IOException(message, inner);
}
