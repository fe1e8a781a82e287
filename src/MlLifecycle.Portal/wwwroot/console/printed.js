// MLflow's client prints where a run is in MLflow's own interface: <tracking URI>/#/experiments/0/runs/<id>. The path has led here; only the browser knows the rest.
(() => {
  const runs = location.pathname.match(/^\/projects\/[^/]+\/runs(?=\/?$)/);
  const run = location.hash.match(/^#\/experiments\/\d+\/runs\/([0-9a-f]{32})(?![0-9a-f])/);
  if (runs && run) location.replace(`${runs[0]}/${run[1]}`);
})();
