using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.Monitoring.References;

/// <summary>Opens a received table, whatever it is written in.</summary>
public static class Tables
{
    public static IRows? Open(string path, TableFormat format, out Refusal? refusal) => format switch
    {
        TableFormat.Csv => CsvRows.Open(path, out refusal),
        TableFormat.Ndjson => NdjsonRows.Open(path, out refusal),
        TableFormat.Parquet => ParquetRows.Open(path, out refusal),
        _ => IdxImages.Open(path, out refusal),
    };
}
