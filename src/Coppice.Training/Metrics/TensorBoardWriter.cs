using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Training.Metrics;

/// <summary>Writes the curves and samples of a run as an event file that TensorBoard shows.</summary>
public sealed class TensorBoardWriter : IRunObserver, IDisposable
{
    private readonly string _directory;
    private readonly TimeProvider _time;
    private FileStream? _stream;

    /// <summary>Names the directory; the file is created when the run starts.</summary>
    /// <param name="directory">The directory that TensorBoard is pointed at.</param>
    /// <param name="time">The clock of the events.</param>
    public TensorBoardWriter(string directory, TimeProvider? time = null)
    {
        _directory = directory;
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Started(RunStart start)
    {
        try
        {
            Directory.CreateDirectory(_directory);
            var name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{_time.GetUtcNow().ToUnixTimeSeconds()}.coppice.{start.FirstStep}");
            _stream = new FileStream(Path.Combine(_directory, name), FileMode.Append, FileAccess.Write, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{_directory}: can't be written: {error.Message}", inner: error);
        }

        Write(TensorBoardEvents.FileVersion(Now));

        // Tells TensorBoard to forget what an interrupted run drew beyond the checkpoint that this one goes on from.
        if (start.FirstStep > 0) Write(TensorBoardEvents.SessionStart(Now, start.FirstStep + 1));
    }

    /// <inheritdoc/>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Observe(RunEvent happened)
    {
        switch (happened)
        {
            case StepMetrics step:
                Scalar(step.Step, "training/loss", step.Loss);
                Scalar(step.Step, "training/learning_rate", step.LearningRate);
                Scalar(step.Step, "training/gradient_norm", step.GradientNorm);
                Scalar(step.Step, "training/tokens_per_second", step.TokensPerSecond);
                break;
            case EvaluationMetrics evaluation:
                Scalar(evaluation.Step, "validation/loss", evaluation.Loss);
                if (evaluation.BitsPerByte is { } bits) Scalar(evaluation.Step, "validation/bits_per_byte", bits);
                break;
            case TextSample sample:
                // Four spaces make it a block of code: TensorBoard would lay the model's text out as Markdown.
                var text = "    " + (sample.Prompt + sample.Text).ReplaceLineEndings("\n    ");
                Write(TensorBoardEvents.Text(Now, sample.Step, "sample", text));
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream?.Dispose();

    private double Now => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private void Scalar(long step, string tag, double value) => Write(TensorBoardEvents.Scalar(Now, step, tag, (float)value));

    private void Write(byte[] record)
    {
        if (_stream is null) return;
        try
        {
            TfRecord.Write(_stream, record);
            _stream.Flush();
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{_stream.Name}: can't be written: {error.Message}", inner: error);
        }
    }
}
